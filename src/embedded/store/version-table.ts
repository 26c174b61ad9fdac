import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { KeyRange } from './object-name.ts';
import type { StorageNames } from './storage-names.ts';
import type { StoredObject } from './store.ts';
import { StoreError } from './store-error.ts';
import { fromRow, isIntact, VERSION_COLUMNS, type VersionRow } from './version-row.ts';

/** The rows of tables `version` and `current`. Each statement is prepared once, each row is verified as it is read. */
export class VersionTable {
  readonly #names: StorageNames;
  readonly #file: string;
  readonly #insert: StatementSync;
  readonly #setCurrent: StatementSync;
  readonly #removeCurrent: StatementSync;
  readonly #current: StatementSync;
  readonly #byRevision: StatementSync;
  readonly #link: StatementSync;
  readonly #currentLink: StatementSync;
  readonly #list: StatementSync;
  readonly #count: StatementSync;
  readonly #pastRevisions: StatementSync;
  readonly #since: StatementSync;

  constructor(database: DatabaseSync, names: StorageNames, file: string) {
    this.#names = names;
    this.#file = file;
    const prepare = (sql: string): StatementSync => {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#insert = prepare('INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#setCurrent = prepare(
      'INSERT INTO current VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision',
    );
    this.#removeCurrent = prepare('DELETE FROM current WHERE storage = ? AND key = ?');
    this.#current = prepare(
      `SELECT ${VERSION_COLUMNS} FROM current c CROSS JOIN version v ON v.revision = c.revision
       WHERE c.storage = ? AND c.key = ?`,
    );
    this.#byRevision = prepare(`SELECT ${VERSION_COLUMNS} FROM version v WHERE v.revision = ?`);
    this.#link = prepare('SELECT revision, previous FROM version WHERE revision = ?');
    this.#currentLink = prepare(
      `SELECT v.revision, v.previous FROM current c CROSS JOIN version v ON v.revision = c.revision
       WHERE c.storage = ? AND c.key = ?`,
    );
    this.#list = prepare(
      `SELECT ${VERSION_COLUMNS} FROM current c CROSS JOIN version v ON v.revision = c.revision
       WHERE c.storage = ? AND c.key > ? AND c.key < ? ORDER BY c.key LIMIT ?`,
    );
    this.#count = prepare('SELECT count(*) FROM current WHERE storage = ? AND key > ? AND key < ?');
    // What a past revision held: what is still current, and what only later writes replaced or removed.
    this.#pastRevisions = prepare(
      `SELECT key, revision FROM current
       WHERE storage = ?1 AND key > ?2 AND key < ?3 AND revision <= ?4
       UNION ALL
       SELECT key, previous FROM version INDEXED BY version_storage
       WHERE storage = ?1 AND revision > ?4 AND previous <= ?4 AND key > ?2 AND key < ?3
       ORDER BY 1 LIMIT ?5`,
    );
    this.#since = prepare(
      `SELECT ${VERSION_COLUMNS} FROM version v INDEXED BY version_storage
       WHERE v.storage = ? AND v.revision > ? AND v.revision <= ? ORDER BY v.revision LIMIT ?`,
    );
  }

  /** Adds a version and makes it the current one, or none if it is a removal. */
  add(row: VersionRow): void {
    const [revision, storage, key, , deleted] = row;
    this.#insert.run(...row);
    if (deleted === 0) this.#setCurrent.run(storage, key, revision);
    else this.#removeCurrent.run(storage, key);
  }

  current(storage: number, key: string): StoredObject | undefined {
    const row = this.#row(this.#current, storage, key);
    if (row !== undefined && row[2] !== key) throw this.#damaged(`the place of ${key} holds another object`);
    return row === undefined ? undefined : this.#object(row);
  }

  /** A version that the rest of the database refers to. */
  byRevision(revision: number): StoredObject {
    return this.toObject(this.row(revision));
  }

  /**
   * The revisions of an object's versions with `after` < revision, newest first, by following what each has replaced; undefined
   * where that does not tell them all: of an object that is gone, or that was made anew since, or that has more than `most`.
   */
  revisionsOf(storage: number, key: string, after: number, most: number): number[] | undefined {
    const found: number[] = [];
    let link = this.#currentLink.get(storage, key) as unknown as Link | undefined;
    for (;;) {
      if (link === undefined) return undefined;
      const [revision, previous] = link;
      if (revision <= after) return found;
      found.push(revision);
      if (previous === null || found.length > most) return undefined;
      if (previous <= after) return found;
      link = this.#link.get(previous) as unknown as Link | undefined;
    }
  }

  /** A row as {@link VersionTable.since} gives it. */
  row(revision: number): VersionRow {
    const row = this.#row(this.#byRevision, revision);
    if (row === undefined) throw this.#damaged(`revision ${revision} is missing`);
    this.#verify(row);
    return row;
  }

  list(storage: number, range: KeyRange, limit: number): StoredObject[] {
    const rows = this.#list.all(
      storage,
      range.above,
      range.below,
      sqlLimit(limit),
    ) as unknown as VersionRow[];
    return rows.map((row) => this.#object(row));
  }

  count(storage: number, range: KeyRange): number {
    const row = this.#count.get(storage, range.above, range.below) as unknown as readonly [number];
    return row[0];
  }

  /** What {@link VersionTable.list} would have given at this revision, by revision. */
  listPast(storage: number, range: KeyRange, limit: number, revision: number): number[] {
    const rows = this.#pastRevisions.all(storage, range.above, range.below, revision, sqlLimit(limit));
    return (rows as unknown as readonly (readonly [string, number])[]).map((row) => row[1]);
  }

  /** The versions of a storage with `after` < revision <= `through`, oldest first. */
  since(storage: number, after: number, through: number, limit: number): VersionRow[] {
    const rows = this.#since.all(storage, after, through, sqlLimit(limit)) as unknown as VersionRow[];
    for (const row of rows) this.#verify(row);
    return rows;
  }

  /** The object that a row of {@link VersionTable.since} holds. */
  toObject(row: VersionRow): StoredObject {
    return fromRow(row, this.#names.nameOf(row[1]));
  }

  #row(statement: StatementSync, ...parameters: SQLInputValue[]): VersionRow | undefined {
    return statement.get(...parameters) as unknown as VersionRow | undefined;
  }

  #object(row: VersionRow): StoredObject {
    this.#verify(row);
    return this.toObject(row);
  }

  #verify(row: VersionRow): void {
    if (!isIntact(row, this.#names.nameOf(row[1])))
      throw this.#damaged(`revision ${row[0]} does not match its checksum`);
  }

  #damaged(what: string): StoreError {
    return new StoreError(
      'corrupt',
      `cannot read ${this.#file}: ${what}; restore the directory from a backup`,
    );
  }
}

/** A version, and the one that it replaced. */
type Link = readonly [revision: number, previous: number | null];

/** SQLite takes whole numbers only, and a negative one for no limit. */
function sqlLimit(limit: number): number {
  return Number.isFinite(limit) ? limit : -1;
}
