import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The names of storages (`apps/deployments`) as the small numbers that rows have instead. */
export class StorageNames {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  #names: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('SELECT name FROM storage ORDER BY id');
    this.#insert = database.prepare('INSERT INTO storage VALUES (?, ?)');
    this.#names = this.#select.all().map((row) => String(row['name']));
    for (const [id, name] of this.#names.entries()) this.#ids.set(name, id);
  }

  get count(): number {
    return this.#names.length;
  }

  /** The number of a storage; undefined where nothing was ever stored. */
  idOf(name: string): number | undefined {
    return this.#ids.get(name);
  }

  nameOf(id: number): string {
    const name = this.#names[id];
    if (name === undefined) throw new RangeError(`no storage has the number ${id}`);
    return name;
  }

  /** The number of a storage, a new one if it has none yet. Inside a transaction. */
  intern(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#names.length;
    this.#insert.run(id, name);
    this.#names.push(name);
    this.#ids.set(name, id);
    return id;
  }

  /** Forgets all but the first `count`: the transaction that named them was undone. */
  truncate(count: number): void {
    for (const name of this.#names.splice(count)) this.#ids.delete(name);
  }
}
