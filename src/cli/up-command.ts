import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  clusterObjects,
  clusterSettings,
  pushMiniatureBase,
  startControlPlane,
  startRegistry,
  type ControlPlane,
  type EmbeddedRegistry,
} from '../embedded/index.ts';
import { openRegistry, parseReference } from '../oci/index.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';

export interface UpFlags {
  readonly data?: string | undefined;
  readonly port?: string | undefined;
  readonly registryPort?: string | undefined;
  readonly base?: string | undefined;
  readonly nodes: string;
}

/** Where the generated base is, in the embedded registry. */
const MINIATURE = 'base/miniature:1';

/**
 * `varve up`: a control plane on this machine's loopback, with all that a cluster would have for Varve, until Ctrl-C. What was
 * written to it is there again after the next start.
 */
export async function upCommand(flags: UpFlags, environment: Environment): Promise<void> {
  const directory = resolve(flags.data ?? dataDirectory(environment));
  const asked = { api: port(flags.port, '--port'), registry: port(flags.registryPort, '--registry-port') };
  if (flags.nodes !== '0') {
    throw new CliError(
      'usage',
      `--nodes ${flags.nodes}: simulated nodes are not part of this version; use --nodes 0`,
    );
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await interruptible(async (signal) => {
    const last = await readPorts(directory);
    let registry: EmbeddedRegistry | undefined;
    let base = flags.base;
    let plane: ControlPlane | undefined;
    try {
      plane = await startControlPlane({
        directory,
        port: asked.api ?? last.api,
        furnish: async (authority) => {
          registry = await startRegistry({
            directory: join(directory, 'registry'),
            port: asked.registry ?? last.registry,
          });
          base ??= await makeBase(registry);
          signal.throwIfAborted();
          const facts = { registry: registry.address, base, authority };
          return { objects: clusterObjects(facts), settings: clusterSettings(facts) };
        },
        report: (message) => process.stderr.write(`warning: ${message}\n`),
      });
      const address = registry?.address ?? '';
      await writePorts(directory, { api: portOf(plane.url), registry: portOf(`http://${address}`) });
      process.stdout.write(introduction(plane, address, base ?? ''));
      await ended(signal);
      process.stderr.write('stopping; everything is kept\n');
    } finally {
      await plane?.close();
      await registry?.close();
    }
  });
}

/** Ctrl-C is how this command ends: it is no failure. */
async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Where the state is kept: `varve` below the user's data directory. */
function dataDirectory({ variables }: Environment): string {
  const user = variables['XDG_DATA_HOME'] || join(variables['HOME'] || homedir(), '.local/share');
  return join(user, 'varve');
}

function port(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 65_535) return value;
  throw new CliError('usage', `${flag} ${text}: not a port number (0 to 65535; 0 takes any free one)`);
}

/** Kubeconfigs and objects name the ports, so that each start takes those of the last one. */
interface Ports {
  readonly api: number;
  readonly registry: number;
}

const PORTS = 'ports.json';

async function readPorts(directory: string): Promise<Ports> {
  try {
    const { api, registry } = JSON.parse(await readFile(join(directory, PORTS), 'utf8')) as Partial<Ports>;
    return { api: typeof api === 'number' ? api : 0, registry: typeof registry === 'number' ? registry : 0 };
  } catch {
    // None yet, or nothing that was ever written there: any free ones will do.
    return { api: 0, registry: 0 };
  }
}

async function writePorts(directory: string, ports: Ports): Promise<void> {
  await writeFile(join(directory, PORTS), `${JSON.stringify(ports)}\n`);
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

/** What a person who has just typed `varve up` needs next. */
function introduction(plane: ControlPlane, registry: string, base: string): string {
  return [
    `kubeconfig  ${plane.kubeconfig}`,
    `API         ${plane.url}`,
    `registry    ${registry}`,
    `base image  ${base}`,
    '',
    'In another terminal:',
    `  export KUBECONFIG=${plane.kubeconfig}`,
    '  kubectl get machineconfigpools',
    '',
    'Ctrl-C stops; everything is kept.',
    '',
  ].join('\n');
}
