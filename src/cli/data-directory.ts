import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeDirectory } from '../osbuild/index.ts';
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
    makeDirectory(directory, 0o700);
    if ((await stat(directory)).isDirectory()) return directory;
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw unusable(directory, REASONS[why] ?? why, cause);
  }
  throw unusable(directory, 'it is a file');
}

function unusable(directory: string, why: string, cause?: unknown): CliError {
  return new CliError('input', `cannot use ${directory} for the data: ${why}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOENT: 'it cannot be made',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is a file',
  EROFS: 'the file system is read-only',
};
