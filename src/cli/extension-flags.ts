import type { ExtensionCatalogue, ExtensionPackages } from '../osbuild/index.ts';
import { CliError } from './cli-error.ts';

/**
 * The extensions that `--extension` adds to those of the contract, or says otherwise.
 *
 * @throws OsBuildError `invalid-extension`; CliError `input` for one that is said twice
 */
export async function readExtensions(flags: readonly string[] = []): Promise<ExtensionCatalogue> {
  if (flags.length === 0) return new Map();
  const { parseExtension } = await import('../osbuild/index.ts');
  const read = new Map<string, ExtensionPackages>();
  for (const [name, packages] of flags.map(parseExtension)) {
    if (read.has(name))
      throw new CliError('input', `cannot take --extension ${name} twice: write all of its sets in one`);
    read.set(name, packages);
  }
  return read;
}
