import type { ObjectKey, StoredObject } from './store.ts';

/**
 * The objects that were written last, so that who writes the same ones again and again, as kubelets do with their nodes and
 * leases, need not read them from the database each time. They are those of the newest changes, which are in memory anyway.
 * Bounded by size: the one whose last write is the longest ago goes first.
 */
export class NewestObjects {
  readonly #limit: number;
  /** By their places, in the order of their last writes. */
  readonly #objects = new Map<string, StoredObject>();
  #size = 0;

  /** @param limit characters of their texts */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#objects.get(placeOf(key));
  }

  /** It was written. */
  add(object: StoredObject): void {
    this.delete(object);
    this.#objects.set(placeOf(object), object);
    this.#size += object.text.length;
    for (const [place, oldest] of this.#objects) {
      if (this.#size <= this.#limit) return;
      this.#objects.delete(place);
      this.#size -= oldest.text.length;
    }
  }

  /** It is there no more. */
  delete(key: ObjectKey): void {
    const place = placeOf(key);
    const known = this.#objects.get(place);
    if (known === undefined) return;
    this.#objects.delete(place);
    this.#size -= known.text.length;
  }

  /** Writes were undone. */
  clear(): void {
    this.#objects.clear();
    this.#size = 0;
  }
}

/** Neither a namespace nor a name has a slash in it (isStorable), so two places are two texts. */
function placeOf({ storage, namespace, name }: ObjectKey): string {
  return `${namespace}/${name}/${storage}`;
}
