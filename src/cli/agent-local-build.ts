import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_VERSION, ROLE_LABEL } from '../api/index.ts';
import { startRegistry } from '../embedded/index.ts';
import type { HostRunner } from '../host/index.ts';
import { makeDirectory } from '../osbuild/index.ts';
import type { HostFlags } from './agent-flags.ts';
import { openHost, type TrustFlags } from './agent-host.ts';
import type { WantedImage } from './agent-local-command.ts';
import { policyOf } from './agent-flags.ts';
import { build } from './build-command.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { readInputFiles } from './input-files.ts';
import { decodeManifests } from './manifests.ts';

/** How the image of a folder of MachineConfigs is made. */
export interface LocalBuildFlags {
  readonly pool: string;
  readonly base?: string | undefined;
  readonly push?: string | undefined;
  readonly authfile?: string | undefined;
}

interface LocalBuild {
  readonly flags: LocalBuildFlags & HostFlags & TrustFlags;
  readonly runner: HostRunner;
  readonly state: string;
  readonly environment: Environment;
}

/**
 * Builds the image of a folder of MachineConfigs as `varve build` does, and has it used while it can be pulled: without
 * `--push` it is in a registry on loopback that lives as long as this command, and keeps its content in the state directory.
 */
export async function buildLocalImage<T>(
  folder: string,
  circumstances: LocalBuild,
  signal: AbortSignal,
  use: (image: WantedImage) => Promise<T>,
): Promise<T> {
  const { flags, state, environment } = circumstances;
  const base = flags.base ?? (await baseOfHost(circumstances, signal));
  const directory = join(state, 'local');
  makeDirectory(directory, 0o700);
  const filename = await withPool(folder, flags.pool, directory);
  const registry =
    flags.push === undefined ? await startRegistry({ directory: join(directory, 'registry') }) : undefined;
  try {
    const push = flags.push ?? `${registry?.address ?? ''}/local/${flags.pool}:latest`;
    const { image, renderedConfig } = await build(
      {
        pool: flags.pool,
        filename,
        base,
        push,
        compression: 'gzip',
        cache: join(directory, 'cache'),
        dryRun: false,
        quiet: false,
        output: 'text',
        authfile: flags.authfile,
        insecureRegistry: flags.insecureRegistry,
        ca: flags.ca,
      },
      environment,
      signal,
    );
    return await use({ image, config: renderedConfig });
  } finally {
    await registry?.close();
  }
}

/** What the running image was made from; else that image itself. */
async function baseOfHost(
  { flags, runner, state, environment }: LocalBuild,
  signal: AbortSignal,
): Promise<string> {
  const policy = policyOf({
    drain: false,
    takeOver: true,
    discardLayeredPackages: false,
    enforceImage: false,
    dropRollback: false,
  });
  const open = openHost({ runner, state, flags, environment, policy, onTrouble: () => {} });
  try {
    const look = await open.host.look(signal);
    if (look.state !== 'fresh') {
      const why = look.state === 'busy' ? look.reason : look.failure.message;
      throw new CliError('input', `cannot find out what this host runs: ${why}; name the base with --base`);
    }
    const { image, status } = look.view;
    const running = status.booted?.image;
    const name = running?.reference.name;
    const own =
      name === undefined || running?.digest === undefined || name.includes('@')
        ? name
        : `${name}@${running.digest}`;
    const base = image.base ?? (image.config === undefined ? own : undefined);
    if (base !== undefined) return base;
  } finally {
    open.close();
  }
  throw new CliError(
    'input',
    'cannot tell from this host what its image was made from: name the base with --base',
  );
}

/** MachineConfigs alone will do: a folder that names no pool has the one that selects its own role. */
async function withPool(folder: string, pool: string, directory: string): Promise<readonly string[]> {
  const { pools } = decodeManifests(await readInputFiles([folder]));
  if (pools.some(({ metadata }) => metadata.name === pool)) return [folder];
  const object = {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: { name: pool },
    spec: {
      machineConfigSelector: { matchLabels: { [ROLE_LABEL]: pool } },
      nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${pool}`]: '' } },
    },
  };
  const file = join(directory, 'pool.json');
  await writeFile(file, `${JSON.stringify(object)}\n`);
  return [folder, file];
}
