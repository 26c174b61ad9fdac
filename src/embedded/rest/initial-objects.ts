import type { Store, StoredObject } from '../store/index.ts';
import { onlyKeyOf, type Selection } from './list-options.ts';

/** About how many characters of objects to read at a time. */
const PORTION = 64 * 1024;

/** Before anything is known of the objects' size. */
const FIRST_COUNT = 16;
const MAX_COUNT = 500;

/**
 * The objects that a watch begins with, read in portions as the client takes them. Not all from one snapshot: that would be
 * kept in memory, or searched for again and again, while the client takes its time. Each portion is of its own revision, and
 * {@link InitialObjects.shows} tells which of the changes since the first one it has in it already.
 */
export class InitialObjects {
  readonly #store: Store;
  readonly #selection: Selection;
  /** Up to which object (as bytes of its key) which revision was read; ascending in both. */
  readonly #portions: { last: Buffer | undefined; readonly revision: number }[] = [];
  #after: { readonly namespace: string; readonly name: string } | undefined;
  #count = FIRST_COUNT;
  #isDone = false;

  constructor(store: Store, selection: Selection) {
    this.#store = store;
    this.#selection = selection;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The newest revision that was read: once the changes up to it are told, the client has the state of that moment. */
  get revision(): number {
    return this.#portions.at(-1)?.revision ?? 0;
  }

  /** The next portion, in the order of keys. */
  next(): StoredObject[] {
    const { kind, namespace } = this.#selection;
    // What is not yet on disk is nobody's to know.
    const revision = this.#store.durableRevision;
    const only = this.#only(revision);
    if (only !== undefined) {
      this.#isDone = true;
      this.#note(undefined, revision);
      return only;
    }
    const objects = this.#store.list(kind.storage, {
      ...(kind.namespaced && namespace !== '' ? { namespace } : {}),
      ...(this.#after === undefined ? {} : { after: this.#after }),
      ...(revision === this.#store.revision ? {} : { revision }),
      limit: this.#count,
    });
    this.#isDone = objects.length < this.#count;
    const last = objects.at(-1);
    this.#note(this.#isDone || last === undefined ? undefined : keyOf(last), revision);
    if (last !== undefined) {
      this.#after = { namespace: last.namespace, name: last.name };
      const size = objects.reduce((sum, { text }) => sum + text.length, 0);
      this.#count = Math.max(1, Math.min(MAX_COUNT, Math.ceil((PORTION * objects.length) / (size + 1))));
    }
    return objects;
  }

  /** The objects of a selection that can hold but one, without a search for it; undefined where it has to be searched for. */
  #only(revision: number): StoredObject[] | undefined {
    const key = onlyKeyOf(this.#selection);
    if (key === undefined) return undefined;
    const object = this.#store.get(key);
    if (object === undefined) return revision === this.#store.revision ? [] : undefined;
    return object.revision <= revision ? [object] : undefined;
  }

  /** Whether a change is part of what was read. */
  shows(object: StoredObject, revision: number): boolean {
    if (revision > this.revision) return false;
    const key = keyOf(object);
    const portion = this.#portions.find(({ last }) => last === undefined || Buffer.compare(key, last) <= 0);
    return portion !== undefined && revision <= portion.revision;
  }

  #note(last: Buffer | undefined, revision: number): void {
    const previous = this.#portions.at(-1);
    if (previous?.revision === revision) previous.last = last;
    else this.#portions.push({ last, revision });
  }
}

function keyOf({ namespace, name }: StoredObject): Buffer {
  return Buffer.from(`${namespace}/${name}`);
}
