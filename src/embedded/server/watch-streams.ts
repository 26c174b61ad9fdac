import type { Change } from '../store/index.ts';
import type { WatchStream } from './watch-stream.ts';

/**
 * The watches that are being sent, by what they wait for. A write costs what the watches cost that it may concern: where
 * thousands of agents watch an object of their own each, that is one.
 */
export class WatchStreams {
  readonly #storages = new Map<string, Waiting>();

  add(stream: WatchStream): void {
    const { storage, name } = stream;
    let waiting = this.#storages.get(storage);
    if (waiting === undefined)
      this.#storages.set(storage, (waiting = { forAny: new Set(), byName: new Map() }));
    if (name === undefined) waiting.forAny.add(stream);
    else waiting.byName.set(name, (waiting.byName.get(name) ?? new Set()).add(stream));
  }

  delete(stream: WatchStream): void {
    const waiting = this.#storages.get(stream.storage);
    if (waiting === undefined) return;
    waiting.forAny.delete(stream);
    if (stream.name === undefined) return;
    const named = waiting.byName.get(stream.name);
    named?.delete(stream);
    if (named?.size === 0) waiting.byName.delete(stream.name);
  }

  /** Tells those whom they may concern of the writes of one commit, which are in their order. */
  tell(changes: readonly Change[]): void {
    const [first] = changes;
    if (first === undefined) return;
    for (const stream of this.#concerned(changes)) stream.changed(first.revision - 1);
  }

  /** All of them. */
  *[Symbol.iterator](): Generator<WatchStream, void, void> {
    for (const { forAny, byName } of this.#storages.values()) {
      yield* forAny;
      for (const named of byName.values()) yield* named;
    }
  }

  #concerned(changes: readonly Change[]): Set<WatchStream> {
    const concerned = new Set<WatchStream>();
    const storages = new Set<string>();
    for (const { object } of changes) {
      const waiting = this.#storages.get(object.storage);
      if (waiting === undefined) continue;
      if (!storages.has(object.storage)) for (const stream of waiting.forAny) concerned.add(stream);
      storages.add(object.storage);
      for (const stream of waiting.byName.get(object.name) ?? []) concerned.add(stream);
    }
    return concerned;
  }
}

/** Who waits for changes of one storage. */
interface Waiting {
  readonly forAny: Set<WatchStream>;
  readonly byName: Map<string, Set<WatchStream>>;
}
