import type { Change } from './object-cache.ts';
import { formatKey, keyOf, type KubeObject } from './resource-type.ts';

/**
 * Changes for a consumer that takes its time: what happens to one object meanwhile becomes one change, so that
 * a consumer that never reads costs one entry per object and no more. An object that came and went unseen, or that
 * was replaced by another of its name, is told of by its end alone, or by its end and the new one's beginning.
 */
export class ChangeFeed<T extends KubeObject> implements AsyncIterable<Change<T>> {
  readonly #pending = new Map<string, Change<T>[]>();
  #wake = (): void => {};
  #isClosed = false;

  get size(): number {
    return this.#pending.size;
  }

  push(change: Change<T>): void {
    if (this.#isClosed) return;
    const key = formatKey(keyOf(change.object));
    const merged = merge(this.#pending.get(key) ?? [], change);
    if (merged.length === 0) this.#pending.delete(key);
    else this.#pending.set(key, merged);
    this.#wake();
  }

  /** Ends whoever iterates, after what is pending. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Change<T>, void, void> {
    for (;;) {
      const next = this.#pending.entries().next();
      if (next.done === true) {
        if (this.#isClosed) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      } else {
        const [key, changes] = next.value;
        this.#pending.delete(key);
        yield* changes;
      }
    }
  }
}

/** What two or three changes to one object come to; a deletion may stand before the beginning of the next object. */
function merge<T>(before: readonly Change<T>[], change: Change<T>): Change<T>[] {
  const last = before.at(-1);
  const earlier = before.slice(0, -1);
  if (last === undefined || last.type === 'deleted') return [...before.slice(-1), change];
  switch (change.type) {
    case 'added':
    case 'updated':
      return last.type === 'added'
        ? [...earlier, { type: 'added', object: change.object }]
        : [...earlier, { type: 'updated', object: change.object, old: last.old }];
    case 'deleted':
      return last.type === 'added' ? earlier : [...earlier, change];
  }
}
