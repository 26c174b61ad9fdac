import { ostreeAdmin } from './ostree-admin.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';

/** `ostree` as it stands on a host (host-contract §3). */
export async function ostree(run: ToolRun): Promise<void> {
  const release = run.settings.tools.ostree?.version ?? '';
  const [verb] = run.args;
  switch (verb) {
    case '--version':
      run.out(`libostree:\n Version: '${release}'\n Git: v${release}\n Features:\n  - libarchive\n  - p2p`);
      return;
    case 'admin':
      await ostreeAdmin(run, release);
      return;
    case 'show':
      show(run);
      return;
    case 'refs':
    case 'ls':
    case 'cat':
    case 'commit':
    case 'checkout':
    case 'config': {
      const { repositoryVerb } = await import('./ostree-repository.ts');
      await repositoryVerb(run, verb);
      return;
    }
    case undefined:
    default:
      throw new ToolError(`Unknown command '${verb ?? ''}'`);
  }
}

function show(run: ToolRun): void {
  const key = run.option('--print-metadata-key') ?? '';
  const [revision = ''] = run.operands('--print-metadata-key', '--repo');
  const metadata = run.machine.repository.metadata(revision);
  if (metadata === undefined) throw new ToolError(`No such metadata object ${revision}.commit`);
  const value = metadata[key];
  if (value === undefined) throw new ToolError(`No such metadata key '${key}'`);
  run.out(variantText(value));
}

/** A string as GVariant prints it. */
function variantText(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll(quote, `\\${quote}`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\t', String.raw`\t`);
  return `${quote}${escaped}${quote}`;
}
