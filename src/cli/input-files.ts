import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CliError } from './cli-error.ts';

/** A text that a command was given with `-f`. */
export interface InputFile {
  readonly name: string;
  readonly text: string;
}

/** An object cannot be larger than what an API server takes; a file holds a few dozen of them at the most. */
const SIZE_LIMIT = 64 * 1024 * 1024;

/**
 * Reads what `-f` names, as kubectl does: a file, `-` for standard input, or the .yaml, .yml and .json files of a
 * directory, in byte order of their names and without its subdirectories.
 *
 * @throws CliError `input`
 */
export async function readInputFiles(paths: readonly string[]): Promise<readonly InputFile[]> {
  const files: InputFile[] = [];
  for (const path of paths) {
    if (path === '-') files.push({ name: 'standard input', text: await text(process.stdin) });
    else files.push(...(await readPath(path)));
  }
  return files;
}

async function readPath(path: string): Promise<readonly InputFile[]> {
  const info = await attempt(path, stat(path));
  if (!info.isDirectory()) return [await readOne(path)];
  const names = (await attempt(path, readdir(path)))
    .filter((name) => /\.(?:yaml|yml|json)$/u.test(name))
    .sort();
  if (names.length === 0) {
    throw new CliError(
      'input',
      `cannot read ${path}: the directory has no .yaml, .yml or .json files (subdirectories are not read)`,
    );
  }
  return Promise.all(names.map((name) => readOne(join(path, name))));
}

async function readOne(path: string): Promise<InputFile> {
  const bytes = await attempt(path, readFile(path));
  if (bytes.length > SIZE_LIMIT) {
    throw new CliError(
      'input',
      `cannot read ${path}: it has ${bytes.length} bytes, more than the ${SIZE_LIMIT} that a file of objects may have`,
    );
  }
  try {
    return { name: path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    throw new CliError('input', `cannot read ${path}: it is not UTF-8 text`, { cause });
  }
}

async function attempt<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'it is a directory',
      ENOTDIR: 'a part of the path is not a directory',
    };
    throw new CliError('input', `cannot read ${path}: ${reasons[code] ?? String(cause)}`, { cause });
  }
}
