import type { DatabaseSync } from 'node:sqlite';
import { storeError } from './failure.ts';
import { GroupCommit } from './group-commit.ts';
import { History, type HistoryLimits, type HistoryMark } from './history.ts';
import { isStorable, keyRange, objectKey } from './object-name.ts';
import { placeOf, RecentChanges } from './recent-changes.ts';
import { SpaceReclaimer } from './space-reclaimer.ts';
import { StorageNames } from './storage-names.ts';
import type { Change, ListOptions, ObjectKey, ObjectRecord, Store, StoredObject } from './store.ts';
import { StoreError } from './store-error.ts';
import { toRow, type VersionRow } from './version-row.ts';
import { VersionTable } from './version-table.ts';

/** What {@link SqliteStore} needs beside its database. */
export interface SqliteStoreOptions {
  /** The database's path, for messages. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly history: HistoryLimits;
  /** About how many bytes of changes to have in memory. */
  readonly recentSize: number;
  /** Called once, before the database is closed. */
  readonly closing: () => void;
  /** Called once, when the database is closed. */
  readonly closed: () => void;
}

/** The {@link Store} on an SQLite database that nobody else uses. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #options: SqliteStoreOptions;
  readonly #names: StorageNames;
  readonly #versions: VersionTable;
  readonly #history: History;
  readonly #space: SpaceReclaimer;
  readonly #recent: RecentChanges;
  readonly #commits: GroupCommit<StoreMark>;
  readonly #listeners = new Set<Listener>();
  #revision: number;
  #durable: number;
  /** The changes since the last commit. */
  #pending: Change[] = [];
  /** The object that was read last: a write reads what its caller has just read. */
  #last: StoredObject | undefined;
  /** What the changes since the last commit have left, by place; undefined where they removed it. */
  #fresh = new Map<string, StoredObject | undefined>();
  #isClosed = false;

  constructor(database: DatabaseSync, options: SqliteStoreOptions) {
    this.#database = database;
    this.#options = options;
    this.#names = new StorageNames(database);
    this.#versions = new VersionTable(database, this.#names, options.file);
    this.#history = new History(database, options.history);
    this.#space = new SpaceReclaimer(database);
    this.#revision = newestRevision(database);
    this.#durable = this.#revision;
    this.#recent = new RecentChanges(options.recentSize, this.#revision, (revision) =>
      this.#read(() => this.#versions.byRevision(revision)),
    );
    const ledger = {
      mark: () => this.#mark(),
      restore: (mark: StoreMark) => this.#restore(mark),
      complete: () => this.#complete(),
      publish: () => this.#publish(),
      relieve: () => this.#history.halve(this.#revision),
    };
    this.#commits = new GroupCommit(database, ledger, options.file, () => performance.now());
  }

  get revision(): number {
    return this.#revision;
  }

  get durableRevision(): number {
    return this.#durable;
  }

  get compacted(): number {
    return this.#history.compacted;
  }

  get(key: ObjectKey): StoredObject | undefined {
    this.#assertOpen();
    const { storage, namespace, name } = key;
    const last = this.#last;
    if (last?.name === name && last.namespace === namespace && last.storage === storage) return last;
    // With a slash in its name it could have the place of an object of another storage.
    if (!isStorable(namespace, name)) return undefined;
    const place = placeOf(key);
    const fresh = this.#fresh.get(place);
    if (fresh !== undefined || this.#fresh.has(place)) return fresh;
    const object = this.#recent.newest(key) ?? this.#current(key);
    this.#last = object;
    return object;
  }

  #current({ storage, namespace, name }: ObjectKey): StoredObject | undefined {
    const id = this.#names.idOf(storage);
    if (id === undefined) return undefined;
    return this.#read(() => this.#versions.current(id, objectKey(namespace, name)));
  }

  list(storage: string, options: ListOptions = {}): StoredObject[] {
    const id = this.#names.idOf(storage);
    const { limit = Infinity, revision = this.#revision } = options;
    this.#assertOpen();
    this.#assertKnown(revision);
    if (id === undefined) return [];
    const range = keyRange(options);
    return this.#read(() =>
      revision === this.#revision
        ? this.#versions.list(id, range, limit)
        : this.#versions
            .listPast(id, range, limit, revision)
            .map((found) => this.#versions.byRevision(found)),
    );
  }

  count(storage: string, options: ListOptions = {}): number {
    const id = this.#names.idOf(storage);
    const { revision = this.#revision } = options;
    this.#assertOpen();
    this.#assertKnown(revision);
    if (id === undefined) return 0;
    const range = keyRange(options);
    return this.#read(() =>
      revision === this.#revision
        ? this.#versions.count(id, range)
        : this.#versions.listPast(id, range, Infinity, revision).length,
    );
  }

  put(key: ObjectKey, record: (revision: number) => ObjectRecord): StoredObject {
    if (!isStorable(key.namespace, key.name)) throw misuse('store', key, 'its name cannot be stored');
    return this.#write(key, this.get(key), record, false);
  }

  delete(key: ObjectKey, record: (revision: number) => ObjectRecord): StoredObject {
    const old = this.get(key);
    if (old === undefined) throw misuse('delete', key, 'it is not there');
    return this.#write(key, old, record, true);
  }

  transact<T>(body: () => T): Promise<T> {
    return this.#isClosed ? Promise.reject(closedError(this.#options.file)) : this.#commits.run(body);
  }

  get isBroken(): boolean {
    return this.#commits.isBroken;
  }

  settled(): Promise<void> {
    return this.#commits.settled();
  }

  compact(revision: number): Promise<void> {
    return this.transact(() => {
      this.#commits.write(() => this.#history.compact(revision, this.#revision));
    });
  }

  changes(storage: string, after: number, limit: number, only?: ObjectKey): Change[] {
    this.#assertOpen();
    if (after < this.compacted) {
      // Whoever waited at a storage that did not change has missed nothing, whatever was forgotten of others.
      const first = this.#recent.firstAfter(storage, after);
      if (first === undefined || first <= this.compacted) throw compactedError(after, this.compacted);
    }
    const recent = this.#recent.after(storage, after, limit);
    const id = this.#names.idOf(storage);
    if (recent !== undefined || id === undefined) return recent ?? [];
    return this.#read(() => {
      const own = only === undefined ? undefined : this.#rowsOf(id, only, after, limit);
      const rows = own ?? this.#versions.since(id, after, this.#durable, limit);
      return rows.map((row) => this.#change(row));
    });
  }

  #rowsOf(storage: number, key: ObjectKey, after: number, limit: number): VersionRow[] | undefined {
    const place = objectKey(key.namespace, key.name);
    const revisions = this.#versions.revisionsOf(storage, place, after, MOST_FOLLOWED);
    return revisions
      ?.filter((revision) => revision <= this.#durable)
      .reverse()
      .slice(0, limit)
      .map((revision) => this.#versions.row(revision));
  }

  #change(row: VersionRow): Change {
    const object = this.#versions.toObject(row);
    const [revision, , , previous, deleted] = row;
    if (deleted === 1) return { revision, type: 'deleted', object };
    if (previous === null) return { revision, type: 'added', object };
    return { revision, type: 'modified', object, old: this.#versions.byRevision(previous) };
  }

  subscribe(listener: Listener['notify']): () => void {
    const subscription = { notify: listener };
    this.#listeners.add(subscription);
    return () => this.#listeners.delete(subscription);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#commits.flush();
    this.#isClosed = true;
    this.#last = undefined;
    this.#fresh = new Map();
    try {
      this.#options.closing();
      this.#database.close();
    } finally {
      this.#options.closed();
    }
  }

  #write(
    { storage, namespace, name }: ObjectKey,
    old: StoredObject | undefined,
    record: (revision: number) => ObjectRecord,
    deleted: boolean,
  ): StoredObject {
    const revision = this.#revision + 1;
    const { text, labels, fields } = record(revision);
    const object: StoredObject = { storage, namespace, name, revision, text, labels, fields };
    this.#commits.write(() => {
      const row = toRow(
        {
          revision,
          storage: { id: this.#names.intern(storage), name: storage },
          key: objectKey(namespace, name),
          previous: old?.revision ?? null,
          deleted,
          written: this.#options.now(),
        },
        object,
      );
      this.#versions.add(row);
    });
    this.#revision = revision;
    this.#history.keep((old?.text.length ?? 0) + (deleted ? text.length : 0));
    this.#last = undefined;
    this.#fresh.set(placeOf(object), deleted ? undefined : object);
    if (deleted) this.#pending.push({ revision, type: 'deleted', object });
    else if (old === undefined) this.#pending.push({ revision, type: 'added', object });
    else this.#pending.push({ revision, type: 'modified', object, old });
    return object;
  }

  #mark(): StoreMark {
    return {
      revision: this.#revision,
      pending: this.#pending.length,
      names: this.#names.count,
      history: this.#history.mark(),
    };
  }

  #restore(mark: StoreMark): void {
    this.#revision = mark.revision;
    this.#pending.length = mark.pending;
    this.#names.truncate(mark.names);
    this.#history.restore(mark.history);
    this.#last = undefined;
    this.#fresh = new Map(
      this.#pending.map(({ type, object }) => [placeOf(object), type === 'deleted' ? undefined : object]),
    );
  }

  #complete(): void {
    const most = Math.max(LEAST_TRIM, 4 * this.#pending.length);
    this.#history.trim(this.#revision, this.#options.now(), most);
    this.#space.reclaim();
  }

  #publish(): void {
    this.#durable = this.#revision;
    const changes = this.#pending;
    const storages = new Set<string>();
    for (const change of changes) storages.add(change.object.storage);
    if (changes.length > 0) {
      this.#recent.add(changes);
      this.#pending = [];
      // A map that is cleared refers to the one that was: a chain that is kept alive by its oldest link in the old generation.
      this.#fresh = new Map();
    }
    if (storages.size > 0) this.#notify(storages, changes);
  }

  #notify(storages: ReadonlySet<string>, changes: readonly Change[]): void {
    for (const { notify } of this.#listeners)
      try {
        notify(storages, this.#durable, changes);
      } catch (error) {
        // A defect of one listener is no reason not to tell the others.
        queueMicrotask(() => {
          throw error;
        });
      }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError(this.#options.file);
  }

  #assertKnown(revision: number): void {
    if (revision < this.compacted) throw compactedError(revision, this.compacted);
    if (revision > this.#revision)
      throw new StoreError(
        'future',
        `revision ${revision} is not yet written; the newest is ${this.#revision}`,
      );
  }

  #read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw storeError(error, `cannot read ${this.#options.file}`);
    }
  }
}

/** How many writes a commit forgets at least, if so many are due. */
const LEAST_TRIM = 64;

/** How many versions of one object are followed back; of one that changes more often, all changes of its kind are looked at. */
const MOST_FOLLOWED = 1000;

interface Listener {
  readonly notify: Parameters<Store['subscribe']>[0];
}

/** What a transaction that is undone goes back to. */
interface StoreMark {
  readonly revision: number;
  readonly pending: number;
  readonly names: number;
  readonly history: HistoryMark;
}

function newestRevision(database: DatabaseSync): number {
  const row = database
    .prepare('SELECT max(newest, coalesce((SELECT max(revision) FROM version), 0)) AS newest FROM progress')
    .get();
  return Number(row?.['newest']);
}

function compactedError(revision: number, compacted: number): StoreError {
  return new StoreError('compacted', `revision ${revision} is no longer known; the oldest is ${compacted}`);
}

function closedError(file: string): StoreError {
  return new StoreError('closed', `cannot use ${file}: the store is closed`);
}

function misuse(action: string, { storage, namespace, name }: ObjectKey, reason: string): StoreError {
  const object = `${storage} ${JSON.stringify(namespace)} ${JSON.stringify(name)}`;
  return new StoreError('misuse', `cannot ${action} ${object}: ${reason}`);
}
