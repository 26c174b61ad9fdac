import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { formatJournal, type JournalReading, parseJournal } from './journal-format.ts';
import type { Journal } from './journal.ts';

/** Where a journal is kept. */
export interface JournalStore {
  /** @throws what the file system says when there is something that cannot be read; that is no damaged journal */
  read(): Promise<JournalReading>;
  /** When it has ended, the journal outlives a power cut; when it throws, the one before it does. */
  write(journal: Journal): Promise<void>;
}

/** Bytes of a journal that are read; an agent's own is some kilobytes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * A journal in one file, replaced as a whole: the new text is on the disk before it takes the old one's name, and the name
 * before the write ends. What could not be read is kept beside it, once, for whoever looks into it.
 */
export class JournalFile implements JournalStore {
  readonly #path: string;

  /** @param path its directory is made when there is none, and must outlive reboots and images */
  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<JournalReading> {
    try {
      // Whatever took its place is not read into memory to be told from it.
      const { size } = await stat(this.#path);
      if (size > LARGEST) return { state: 'damaged', reason: `it has ${size} bytes` };
      return parseJournal(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return { state: 'absent' };
      throw error;
    }
  }

  async write(journal: Journal): Promise<void> {
    const directory = dirname(this.#path);
    await makeDirectory(directory);
    await this.#keepDamaged();
    await this.#removeLeftovers();
    const next = `${this.#path}.${randomUUID()}.new`;
    try {
      const file = await open(next, 'wx', 0o600);
      try {
        await file.writeFile(formatJournal(journal));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, this.#path);
    } catch (error) {
      await rm(next, { force: true });
      throw error;
    }
    await syncDirectory(directory);
  }

  async #keepDamaged(): Promise<void> {
    const { state } = await this.read();
    if (state === 'damaged') await rename(this.#path, `${this.#path}.damaged`);
  }

  /** What an agent left that was killed while it wrote. */
  async #removeLeftovers(): Promise<void> {
    const directory = dirname(this.#path);
    const mine = `${basename(this.#path)}.`;
    for (const name of await readdir(directory)) {
      if (name.startsWith(mine) && name.endsWith('.new')) await rm(join(directory, name), { force: true });
    }
  }
}

/**
 * Makes a directory and those above it, each of them on the disk before the next. Node's own way never ends where a file
 * system has no place for directories, as /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  const make = async (): Promise<'made' | 'no-parent'> => {
    try {
      await mkdir(path, { mode: 0o700 });
      await syncDirectory(dirname(path));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return 'no-parent';
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    return 'made';
  };
  if ((await make()) === 'made') return;
  if (dirname(path) !== path) await makeDirectory(dirname(path));
  if ((await make()) === 'no-parent')
    throw new Error(`cannot make the directory ${path}: its file system refuses`);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
