import { join } from 'node:path';
import {
  EmbeddedError,
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
import { dataDirectory } from './data-directory.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { readPorts, writePorts } from './remembered-ports.ts';

export interface UpFlags {
  readonly data?: string | undefined;
  readonly port?: number | undefined;
  readonly registryPort?: number | undefined;
  readonly base?: string | undefined;
  /** Simulated nodes; this version has none, and the command line takes no other number. */
  readonly nodes: number;
}

/** Where the generated base is, in the embedded registry. */
const MINIATURE = 'base/miniature:1';

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
          return { objects: clusterObjects(facts), settings: clusterSettings(facts) };
        },
        report: (message) => process.stderr.write(`warning: ${message}\n`),
      }).catch(explainPort('--port', port, flags.port === undefined));
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

/** What a person who has just typed `varve up` needs next. */
function introduction(plane: ControlPlane, registry: string, base: string): string {
  return [
    `kubeconfig  ${plane.kubeconfig}`,
    `API         ${plane.url}`,
    `registry    ${registry}`,
    `base image  ${base}`,
    '',
    'In another terminal:',
    `  export KUBECONFIG=${shellWord(plane.kubeconfig)}`,
    '  kubectl get machineconfigpools',
    '',
    'Ctrl-C stops; everything is kept.',
    '',
  ].join('\n');
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
