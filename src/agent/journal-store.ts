import { readFile, rename, stat } from 'node:fs/promises';
import { replaceFile } from './durable-file.ts';
import { codeOf } from './file-problem.ts';
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
      if (codeOf(error) === 'ENOENT') return { state: 'absent' };
      throw error;
    }
  }

  async write(journal: Journal): Promise<void> {
    await this.#keepDamaged();
    await replaceFile(this.#path, formatJournal(journal));
  }

  async #keepDamaged(): Promise<void> {
    const { state } = await this.read();
    if (state === 'damaged') await rename(this.#path, `${this.#path}.damaged`);
  }
}
