import { join } from 'node:path';

/** What a command takes from the process that runs it; only main.ts reads `process.env` and `process.argv`. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** How this program is started once more: Node, its flags, the file; what follows are arguments. */
  readonly program: readonly string[];
}

/** Where builds keep what they can make anew: `--cache`, `$VARVE_CACHE`, or `varve` below the user's cache directory. */
export function cacheDirectory(flag: string | undefined, { variables }: Environment): string {
  if (flag !== undefined) return flag;
  if (variables['VARVE_CACHE']) return variables['VARVE_CACHE'];
  const user =
    variables['XDG_CACHE_HOME'] || (variables['HOME'] ? join(variables['HOME'], '.cache') : '/var/cache');
  return join(user, 'varve');
}

/** The GOARCH name of this machine. */
export function machineArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ppc64: 'ppc64le', ia32: '386' };
  return names[process.arch] ?? process.arch;
}
