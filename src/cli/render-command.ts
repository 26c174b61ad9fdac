import type { Rendered } from '../machineconfig/index.ts';
import { formatProblem, MachineConfigError, render } from '../machineconfig/index.ts';
import type { ExtensionCatalogue } from '../osbuild/index.ts';
import { CliError } from './cli-error.ts';
import { readExtensions } from './extension-flags.ts';
import { readInputFiles } from './input-files.ts';
import type { Manifests } from './manifests.ts';
import { decodeManifests, poolNamed } from './manifests.ts';
import { writeResult } from './output.ts';
import type { OutputFormat } from './output.ts';

export interface RenderFlags {
  readonly pool: string;
  readonly filename: readonly string[];
  readonly base?: string | undefined;
  /** `NAME=rpm:a,b;deb:c` each. */
  readonly extension?: readonly string[] | undefined;
  readonly output: OutputFormat;
}

/** `varve render`: prints the rendered MachineConfig of a pool. */
export async function renderCommand(flags: RenderFlags): Promise<void> {
  const manifests = decodeManifests(await readInputFiles(flags.filename));
  const extensions = await readExtensions(flags.extension);
  const rendered = renderPool(manifests, flags.pool, flags.base ?? '', extensions);
  for (const warning of rendered.warnings) process.stderr.write(`warning: ${warning}\n`);
  // A MachineConfig is YAML to the people who write it.
  const format = flags.output === 'text' ? 'yaml' : flags.output;
  writeResult(format, rendered.machineConfig, () => '');
}

/**
 * Renders one pool of the objects at hand.
 *
 * @throws CliError `input` for an unknown pool and, with file, line and column, for whatever rendering refuses.
 */
export function renderPool(
  manifests: Manifests,
  pool: string,
  base: string,
  extensions: ExtensionCatalogue = new Map(),
): Rendered {
  return withPlaces(manifests, () =>
    render({
      pool: poolNamed(manifests, pool),
      machineConfigs: manifests.machineConfigs,
      defaults: { osImageURL: base, baseOSExtensionsContainerImage: '' },
      moreExtensions: [...extensions.keys()],
    }),
  );
}

/**
 * Runs what refuses configurations, and gives its error the file, line and column of each field at fault.
 *
 * @throws CliError `input`
 */
export function withPlaces<T>(manifests: Manifests, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MachineConfigError)) throw error;
    throw new CliError('input', describeWithPlaces(error, manifests), { cause: error });
  }
}

function describeWithPlaces(error: MachineConfigError, manifests: Manifests): string {
  const lines = error.problems.map((problem) => {
    const { machineConfig, field = 'metadata.name' } = problem;
    const place =
      machineConfig !== undefined
        ? manifests.locate('MachineConfig', machineConfig, parseField(field))
        : problem.field !== undefined && error.pool !== undefined
          ? manifests.locate('MachineConfigPool', error.pool, parseField(field))
          : undefined;
    return { text: `${place === undefined ? '' : `${place}: `}${formatProblem(problem)}`, place };
  });
  if (lines.every(({ place }) => place === undefined)) return error.message;
  const what =
    error.code === 'unplaceable'
      ? 'place the configuration on this base image'
      : `render pool ${JSON.stringify(error.pool ?? '')}`;
  return `cannot ${what}:\n  ${lines.map(({ text }) => text).join('\n  ')}`;
}

/** `spec.config.storage.files[0].path` as its steps. */
function parseField(field: string): readonly (string | number)[] {
  return [...field.matchAll(/\[(?<index>\d+)\]|\["(?<quoted>(?:[^"\\]|\\.)*)"\]|(?<name>[^.[\]]+)/gu)].map(
    ({ groups }) =>
      groups?.['index'] === undefined
        ? (groups?.['quoted'] ?? groups?.['name'] ?? '')
        : Number(groups['index']),
  );
}
