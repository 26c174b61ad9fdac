import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';

/**
 * Where `varve up` keeps its state, made if it is missing: `--data`, or `varve` below the user's data directory.
 *
 * @throws CliError `input` where there can be no such directory
 */
export async function dataDirectory(flag: string | undefined, { variables }: Environment): Promise<string> {
  const user = variables['XDG_DATA_HOME'] || join(variables['HOME'] || homedir(), '.local/share');
  const directory = resolve(flag ?? join(user, 'varve'));
  try {
    await makeDirectory(directory);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new CliError('input', `cannot use ${directory} for the data: ${REASONS[why] ?? why}`, { cause });
  }
  return directory;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it is a file',
  ENOENT: 'it cannot be made',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is a file',
  EROFS: 'the file system is read-only',
};

/**
 * Makes a directory with those above it. Node's recursive mkdir goes on for ever where a file system takes no directory
 * although the one above is there, as in /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' && (await isDirectory(path))) return;
    if (code !== 'ENOENT' || dirname(path) === path || (await isDirectory(dirname(path)))) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
