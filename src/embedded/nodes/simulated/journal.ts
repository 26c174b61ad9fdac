import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';

/** An entry of a machine's journal. */
export interface JournalEntry {
  readonly unit: string;
  readonly message: string;
  /** What journald calls MESSAGE_ID. */
  readonly id?: string;
}

const FOLDER = 'journal';

/** The journal of a machine, persistent: a file for each of its boots. */
export class MachineJournal {
  readonly #machine: MachineFolder;

  constructor(machine: MachineFolder) {
    this.#machine = machine;
  }

  /** Begins the journal of a boot. */
  begin(bootId: string): void {
    const number = `${this.#files.length}`.padStart(6, '0');
    mkdirSync(this.#machine.beside(FOLDER), { recursive: true });
    appendFileSync(join(this.#machine.beside(FOLDER), `${number}-${bootId}.jsonl`), '');
  }

  /** Adds to the journal of the boot that runs. */
  write(unit: string, message: string, id?: string): void {
    const file = this.#files.at(-1);
    if (file === undefined) return;
    const entry: JournalEntry = { unit, message, ...(id === undefined ? {} : { id }) };
    appendFileSync(join(this.#machine.beside(FOLDER), file), `${JSON.stringify(entry)}\n`);
  }

  /** The entries of a boot, 0 the one that runs and -1 the one before; undefined when the journal has no such boot. */
  read(boot: number): readonly JournalEntry[] | undefined {
    const file = this.#files.at(boot - 1);
    if (file === undefined || boot > 0) return undefined;
    const text = textOf(join(this.#machine.beside(FOLDER), file)) ?? '';
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalEntry);
  }

  /** How many boots there were. */
  get boots(): number {
    return this.#files.length;
  }

  get #files(): readonly string[] {
    return entriesOf(this.#machine.beside(FOLDER)).map(({ name }) => name);
  }
}
