import type { Rendered } from '../machineconfig/index.ts';
import { formatProblem, MachineConfigError, render } from '../machineconfig/index.ts';
import { CliError } from './cli-error.ts';
import { readInputFiles } from './input-files.ts';
import type { Manifests } from './manifests.ts';
import { decodeManifests, poolNamed } from './manifests.ts';
import { writeResult } from './output.ts';
import type { OutputFormat } from './output.ts';

export interface RenderFlags {
  readonly pool: string;
  readonly filename: readonly string[];
  readonly base?: string | undefined;
  readonly output: OutputFormat;
}

/** `varve render`: prints the rendered MachineConfig of a pool. */
export async function renderCommand(flags: RenderFlags): Promise<void> {
  const manifests = decodeManifests(await readInputFiles(flags.filename));
  const rendered = renderPool(manifests, flags.pool, flags.base ?? '');
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
export function renderPool(manifests: Manifests, pool: string, base: string): Rendered {
  try {
    return render({
      pool: poolNamed(manifests, pool),
      machineConfigs: manifests.machineConfigs,
      defaults: { osImageURL: base, baseOSExtensionsContainerImage: '' },
    });
  } catch (error) {
    if (!(error instanceof MachineConfigError)) throw error;
    throw new CliError('input', withPositions(error, manifests), { cause: error });
  }
}

/** The error's text with the place of each field that is in one of the files. */
function withPositions(error: MachineConfigError, manifests: Manifests): string {
  const places = error.problems.map((problem) =>
    problem.machineConfig === undefined
      ? undefined
      : manifests.locate(
          'MachineConfig',
          problem.machineConfig,
          parseField(problem.field ?? 'metadata.name'),
        ),
  );
  if (places.every((place) => place === undefined)) return error.message;
  const lines = error.problems.map((problem, index) => {
    const place = places[index];
    return `${place === undefined ? '' : `${place}: `}${formatProblem(problem)}`;
  });
  const pool = error.pool === undefined ? '' : ` pool ${JSON.stringify(error.pool)}`;
  return `cannot render${pool}:\n  ${lines.join('\n  ')}`;
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
