import type { Change, Store } from '../store/index.ts';

/** Changes that are read at a time. */
const CHUNK = 500;

/**
 * Hands the durable changes of some storages to a controller, in order, from where it began. A controller that is busy
 * finds them later: nothing is queued but the fact that there is something to read.
 */
export class ChangeFeed {
  readonly #store: Store;
  readonly #wants: (storage: string) => boolean;
  readonly #read = new Map<string, number>();
  readonly #pending = new Set<string>();
  #start: number;
  readonly #unsubscribe: () => void;
  readonly #wake: () => void;

  /** @param wake called when there is something to read; must not throw */
  constructor(store: Store, wants: (storage: string) => boolean, wake: () => void) {
    this.#store = store;
    this.#wants = wants;
    this.#wake = wake;
    this.#start = store.durableRevision;
    this.#unsubscribe = store.subscribe((storages) => this.#note(storages));
  }

  #note(storages: ReadonlySet<string>): void {
    let isNew = false;
    for (const storage of storages) {
      if (!this.#wants(storage)) continue;
      this.#pending.add(storage);
      isNew = true;
    }
    if (isNew) this.#wake();
  }

  /** Passes over all that has happened: who reads what is stored knows it. */
  restart(): void {
    this.#start = this.#store.durableRevision;
    this.#read.clear();
    this.#pending.clear();
  }

  /** What has changed since the last call. Throws StoreError `compacted` if some of it is forgotten. */
  *take(): Generator<Change> {
    const storages = [...this.#pending];
    this.#pending.clear();
    for (const storage of storages) {
      for (;;) {
        const after = this.#read.get(storage) ?? this.#start;
        const changes = this.#store.changes(storage, after, CHUNK);
        for (const change of changes) {
          this.#read.set(storage, change.revision);
          yield change;
        }
        if (changes.length < CHUNK) break;
      }
    }
  }

  stop(): void {
    this.#unsubscribe();
  }
}
