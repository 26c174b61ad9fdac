/** Where the pool's kernel arguments lie in the image; sorts after the base's own files (host-contract §4.1). */
export const KARGS_PATH = '/usr/lib/bootc/kargs.d/90-varve.toml';

/**
 * Splits one `kernelArguments` entry at blanks, keeping what stands in double quotes together: bootc joins and
 * re-splits the elements of a file in the same way (host-contract §4.1).
 */
export function splitKernelArguments(entry: string): readonly string[] {
  return entry.match(/(?:[^\s"]|"[^"]*"?)+/gu) ?? [];
}

/**
 * The kargs.d file of an image. It is written even when there are no arguments: without the directory bootc keeps
 * what an earlier image added for ever (host-contract §4.2). Any key but `kargs` is a parse error on the host.
 */
export function kargsFile(kernelArguments: readonly string[]): string {
  return `kargs = [${kernelArguments.map(tomlString).join(', ')}]\n`;
}

/** A TOML basic string; JSON's escapes are a subset of TOML's, but for DEL. */
function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007F');
}
