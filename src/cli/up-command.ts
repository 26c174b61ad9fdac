import { join, relative, resolve } from 'node:path';
import {
  CONTROLLER_USER,
  EmbeddedError,
  REGISTRY_SECRET,
  clusterObjects,
  clusterSettings,
  pushMiniatureBase,
  startControlPlane,
  startRegistry,
  type ControlPlane,
  type EmbeddedRegistry,
} from '../embedded/index.ts';
import { API_VERSION, LAYERED_LABEL, ROLE_LABEL } from '../api/index.ts';
import { openRegistry, parseReference } from '../oci/index.ts';
import type { JsonObject } from '../schema/index.ts';
import type { BuilderKind } from './builder-kinds.ts';
import { CliError } from './cli-error.ts';
import { startControllerProcess, type ControllerProcess } from './controller-process.ts';
import { dataDirectory } from './data-directory.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import {
  readNodes,
  writeNodes,
  type NodeEngine,
  type NodeTool,
  type RememberedNodes,
} from './remembered-nodes.ts';
import { readPorts, writePorts } from './remembered-ports.ts';
import { UpNodes } from './up-nodes.ts';
import { startPicture, type UpPicture } from './up-picture.ts';

export interface UpFlags {
  readonly data?: string | undefined;
  readonly port?: number | undefined;
  readonly registryPort?: number | undefined;
  readonly base?: string | undefined;
  /** Whether controllers run as well. */
  readonly controller: boolean;
  /** Who makes container builds; `auto` is a process. */
  readonly builder: BuilderKind;
  /** Absent, as all of them: as at the last start; at first there is none. */
  readonly nodes?: number | undefined;
  readonly nodeEngine?: NodeEngine | undefined;
  readonly nodeTool?: NodeTool | undefined;
}

/** Where the generated base is, in the embedded registry, and where the images of pools go. */
const MINIATURE = 'base/miniature:1';
const POOLS = 'varve/images';

/**
 * `varve up`: a control plane on this machine's loopback, with all that a cluster would have for Varve, until Ctrl-C. What was
 * written to it is there again after the next start.
 */
export async function upCommand(flags: UpFlags, environment: Environment): Promise<void> {
  if (flags.base !== undefined) parseReference(flags.base);
  const directory = await dataDirectory(flags.data, environment);
  await interruptible(async (signal) => {
    const last = await readPorts(directory);
    let registry: EmbeddedRegistry | undefined;
    let base = flags.base;
    let plane: ControlPlane | undefined;
    let controller: ControllerProcess | undefined;
    let nodes: UpNodes | undefined;
    let picture: UpPicture | undefined;
    const say = (line: string): void => {
      if (picture === undefined) process.stderr.write(`${line}\n`);
      else picture.say(line);
    };
    const wanted = await nodesOf(flags, directory);
    try {
      const port = flags.port ?? last.api;
      plane = await startControlPlane({
        directory,
        port,
        furnish: async (authority) => {
          const port = flags.registryPort ?? last.registry;
          registry = await startRegistry({ directory: join(directory, 'registry'), port }).catch(
            explainPort('--registry-port', port, flags.registryPort === undefined),
          );
          base ??= await makeBase(registry);
          signal.throwIfAborted();
          const facts = { registry: registry.address, base, authority };
          return {
            objects: [...clusterObjects(facts), ...firstMachineConfigs()],
            settings: clusterSettings(facts),
          };
        },
        report: (message) => say(`warning: ${message}`),
      }).catch(explainPort('--port', port, flags.port === undefined));
      const address = registry?.address ?? '';
      await writePorts(directory, { api: portOf(plane.url), registry: portOf(`http://${address}`) });
      if (flags.controller) {
        const { builder } = flags;
        controller = await startController({
          plane,
          registry: address,
          directory,
          builder,
          environment,
          say,
        });
      }
      await writeNodes(directory, wanted);
      nodes = await UpNodes.start(
        {
          directory: join(directory, 'nodes'),
          nodes: wanted,
          plane,
          image: base ?? '',
          environment,
          say,
        },
        signal,
      );
      process.stdout.write(
        introduction({
          plane,
          registry: address,
          base: base ?? '',
          log: controller?.log,
          nodes: nodes.names,
          varve: varveWord(environment),
        }),
      );
      // Without nodes and without anybody who looks there is nothing to tell.
      if (flags.controller && (process.stderr.isTTY || wanted.count > 0))
        picture = startPicture(plane.kubeconfig, environment);
      await ended(signal);
      await picture?.close();
      process.stderr.write('stopping; everything is kept\n');
    } finally {
      // First, while there is an API to tell of it, and one that answers what is under way.
      await picture?.close();
      await nodes?.close();
      await controller?.close();
      await plane?.close();
      await registry?.close();
    }
  });
}

/** What the command line says, and else what was there at the last start. */
async function nodesOf(flags: UpFlags, directory: string): Promise<RememberedNodes> {
  const last = await readNodes(directory);
  return {
    count: flags.nodes ?? last.count,
    engine: flags.nodeEngine ?? last.engine,
    tool: flags.nodeTool ?? last.tool,
  };
}

/** What every node gets, as an installer makes it: nothing, here. Without any, there would be nothing to render. */
function firstMachineConfigs(): JsonObject[] {
  return ['master', 'worker'].map((role) => ({
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata: { name: `00-${role}`, labels: { [ROLE_LABEL]: role } },
    spec: { config: { ignition: { version: '3.5.0' } } },
  }));
}

/** Ctrl-C is how this command ends: it is no failure. */
async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Makes of the failure to listen on a port a message that says what to do about it. */
function explainPort(flag: string, port: number, isRemembered: boolean): (error: unknown) => never {
  return (error) => {
    const cause = error instanceof EmbeddedError && error.code === 'cannot-start' ? error.cause : undefined;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const otherwise = `choose another with ${flag} (0 takes any free one)`;
    if (code === 'EADDRINUSE') {
      const before = isRemembered ? ', which was the one of the last start,' : '';
      throw new CliError('input', `port ${port}${before} is taken: free it, or ${otherwise}`, { cause });
    }
    if (code === 'EACCES') {
      throw new CliError('input', `port ${port} is not for everybody to listen on: ${otherwise}`, { cause });
    }
    throw error;
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function makeBase(registry: EmbeddedRegistry): Promise<string> {
  const base = `${registry.address}/${MINIATURE}`;
  const client = openRegistry({});
  try {
    const digest = await pushMiniatureBase(client, parseReference(base));
    return `${registry.address}/${MINIATURE.replace(/:.*/, '')}@${digest}`;
  } finally {
    client.close();
  }
}

/** Starts the controllers, as a user of their own, for the registry that is here. */
async function startController({
  plane,
  registry,
  directory,
  builder,
  environment,
  say,
}: {
  readonly plane: ControlPlane;
  readonly registry: string;
  /** Of all that is kept. */
  readonly directory: string;
  readonly builder: BuilderKind;
  readonly environment: Environment;
  readonly say: (line: string) => void;
}): Promise<ControllerProcess> {
  return startControllerProcess({
    directory: join(directory, 'controller'),
    kubeconfig: await plane.kubeconfigFor(CONTROLLER_USER, []),
    environment,
    args: [
      `--push-repository=${registry}/${POOLS}`,
      `--push-secret=${REGISTRY_SECRET}`,
      `--pull-secret=${REGISTRY_SECRET}`,
      // It is the only one, and is started again at once, without the wait for a lease that nobody gave back.
      '--no-leader-elect',
      // There are no kubelets that would run a Job.
      `--builder=${builder === 'auto' ? 'process' : builder}`,
    ],
    say,
  });
}

interface Started {
  readonly plane: ControlPlane;
  readonly registry: string;
  readonly base: string;
  /** Of the controllers; without them there is none. */
  readonly log: string | undefined;
  readonly nodes: readonly string[];
  /** How a shell starts this program. */
  readonly varve: string;
}

/** What a person who has just typed `varve up` needs next. */
function introduction({ plane, registry, base, log, nodes, varve }: Started): string {
  return [
    `kubeconfig  ${plane.kubeconfig}`,
    `API         ${plane.url}`,
    `registry    ${registry}`,
    `base image  ${base}`,
    ...(log === undefined ? [] : [`log         ${log}`]),
    ...(nodes.length === 0 ? [] : [`nodes       ${nodes.join(' ')}`]),
    '',
    'In another terminal:',
    `  export KUBECONFIG=${shellWord(plane.kubeconfig)}`,
    ...(log === undefined
      ? ['  kubectl get machineconfigpools']
      : [`  kubectl label machineconfigpool worker ${LAYERED_LABEL}=`, `  ${varve} status`]),
    '',
    'Ctrl-C stops; everything is kept.',
    '',
  ].join('\n');
}

/** The program as a shell in this directory would start it. */
function varveWord({ program }: Environment): string {
  const entry = program.at(-1) ?? '';
  const root = /^(.*)\/dist\/cli\/main\.cjs$/u.exec(resolve(entry))?.[1];
  // From the sources: who does that knows how.
  const path = root === undefined ? 'varve' : join(root, 'bin/varve');
  const near = relative(process.cwd(), path);
  return shellWord(root === undefined || near.startsWith('..') ? path : near);
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
