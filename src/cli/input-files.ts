import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
    if (path !== '-') files.push(...(await readPath(path)));
    else files.push(toText('standard input', await readStream('standard input', process.stdin)));
  }
  return files;
}

async function readPath(path: string): Promise<readonly InputFile[]> {
  // Waiting for each of some dozen small files would take longer than reading them.
  const info = attempt(path, () => statSync(path));
  if (!info.isDirectory()) return [await readOne(path)];
  const names = attempt(path, () => readdirSync(path, { withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && /\.(?:yaml|yml|json)$/u.test(entry.name))
    .map((entry) => entry.name)
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
  const info = attempt(path, () => statSync(path));
  if (info.size > SIZE_LIMIT) throw tooLarge(path);
  if (info.isFile())
    return toText(
      path,
      attempt(path, () => readFileSync(path)),
    );
  // Of a pipe or a device nobody knows how much is to come.
  return toText(path, await readStream(path, createReadStream(path)));
}

async function readStream(name: string, stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > SIZE_LIMIT) throw tooLarge(name);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unreadable(name, cause);
  }
  return Buffer.concat(chunks, length);
}

function toText(name: string, bytes: Uint8Array): InputFile {
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    throw new CliError('input', `cannot read ${name}: it is not UTF-8 text; save it as UTF-8`, { cause });
  }
}

function tooLarge(name: string): CliError {
  return new CliError(
    'input',
    `cannot read ${name}: it has more than the ${SIZE_LIMIT} bytes that a file of objects may have; split it`,
  );
}

function attempt<T>(path: string, reading: () => T): T {
  try {
    return reading();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): CliError {
  if (cause instanceof CliError) return cause;
  return new CliError('input', `cannot read ${path}: ${fileProblem(cause)}`, { cause });
}

/** What a person reads when the system refuses to read a file. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
  };
  return reasons[code] ?? (code === '' ? String(error) : code);
}
