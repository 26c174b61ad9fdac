/** Which object: its kind's storage name (`pods`, `apps/deployments`), namespace ('' for none) and name. */
export interface ObjectKey {
  readonly storage: string;
  readonly namespace: string;
  readonly name: string;
}

/** What is stored of one version of an object. */
export interface ObjectRecord {
  /** JSON of the object without `apiVersion` and `kind`, in the form in which it is served. */
  readonly text: string;
  /** What selectors look at: labels, and the kind's selectable fields. */
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

/** One version of one object. */
export interface StoredObject extends ObjectKey, ObjectRecord {
  /** The resourceVersion: the revision that wrote this version. */
  readonly revision: number;
}

/** One write, as a watch sees it. */
export interface Change {
  readonly revision: number;
  readonly type: 'added' | 'modified' | 'deleted';
  /** The state that the write left; for `deleted`, the last state, with `revision` the revision of the deletion. */
  readonly object: StoredObject;
  /** The state before a `modified`. */
  readonly old?: StoredObject;
}

export interface ListOptions {
  /** Only this namespace; all, if absent. */
  readonly namespace?: string;
  /** Only objects after this one, in the order of {@link Store.list}. */
  readonly after?: { readonly namespace: string; readonly name: string };
  /** At most so many. */
  readonly limit?: number;
  /**
   * As of this revision; now, if absent. Throws StoreError `compacted` where it is no longer known, `future` where it is not
   * yet written.
   */
  readonly revision?: number;
}

/**
 * The objects, durable and versioned. Reads and writes are synchronous and see each other; what {@link Store.transact}
 * resolves with is on disk. Everything here throws StoreError when the disk fails it.
 */
export interface Store {
  /** The newest revision that can be read, written to disk or not (see {@link Store.settled}); at least 1. */
  readonly revision: number;
  /** The newest revision that is on disk. */
  readonly durableRevision: number;
  /** The oldest revision that can be listed and whose later changes are all known: what was before is gone. */
  readonly compacted: number;
  /** Nothing is written until the next start; reads go on. A full disk does not break a store. */
  readonly isBroken: boolean;
  get(key: ObjectKey): StoredObject | undefined;
  /** In etcd's order: by the bytes of `namespace/name`. */
  list(storage: string, options?: ListOptions): StoredObject[];
  /** How many `list` without limit would give. */
  count(storage: string, options?: ListOptions): number;
  /**
   * Inserts or replaces, at the next revision, what `record` makes of that revision (resourceVersion is part of the
   * text). Only inside {@link Store.transact}.
   */
  put(key: ObjectKey, record: (revision: number) => ObjectRecord): StoredObject;
  /**
   * Removes; `record` makes the last state with the deletion's revision. Only inside {@link Store.transact}, and only what
   * is there (StoreError `misuse` otherwise).
   */
  delete(key: ObjectKey, record: (revision: number) => ObjectRecord): StoredObject;
  /**
   * Runs `body` now, synchronously, and resolves when its writes, and all that it could read, are on disk. Writes of many
   * callers share one sync. If `body` throws, its writes are undone and the promise rejects with what was thrown, once what
   * it could read is on disk. If the sync fails, the writes of all who share it are undone and their promises reject with a
   * StoreError (`disk-full`, `io`).
   */
  transact<T>(body: () => T): Promise<T>;
  /**
   * Resolves when what can be read now is on disk, at once if it is: an answer made of `get` and `list` waits for it, so that
   * nobody is told what a crash could take back. Rejects with a StoreError if it could not be written.
   */
  settled(): Promise<void>;
  /**
   * Forgets the states before this revision and the changes up to it. The store does so by itself by age and size; this is
   * for an operator, and for tests.
   */
  compact(revision: number): Promise<void>;
  /**
   * Changes of one storage with revision > `after`, oldest first, at most `limit`; only durable ones. Throws StoreError
   * `compacted` if some are forgotten; as long as the store is open, who waits while nothing changes in a storage misses none.
   *
   * @param only who wants those of one object says so: others may be left out then, and need not be read
   */
  changes(storage: string, after: number, limit: number, only?: ObjectKey): Change[];
  /**
   * Calls `listener` after each durable batch of writes with the storages that changed, the newest revision, and the writes in
   * their order. @returns stops it
   */
  subscribe(
    listener: (storages: ReadonlySet<string>, revision: number, changes: readonly Change[]) => void,
  ): () => void;
  /** Writes what is pending to disk and gives the directory free. */
  close(): void;
}
