import type { ExtensionCatalogue } from '../osbuild/index.ts';

/**
 * The extensions that `--extension` adds to those of the contract, or says otherwise.
 *
 * @throws OsBuildError `invalid-extension`
 */
export async function readExtensions(flags: readonly string[] = []): Promise<ExtensionCatalogue> {
  if (flags.length === 0) return new Map();
  const { parseExtension } = await import('../osbuild/index.ts');
  return new Map(flags.map(parseExtension));
}
