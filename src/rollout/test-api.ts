// An API server for the model of a cluster: objects with versions, and caches that follow them with a lag.

/** An object as every kind of the model has it. */
export interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
}

/** One kind of object, with all that ever happened to it. */
export class Kind<T extends Stored> {
  readonly objects = new Map<string, T>();
  readonly log: { readonly name: string; readonly object: T | undefined }[] = [];
  #version = 0;

  put(object: T): void {
    this.#version += 1;
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    };
    this.objects.set(object.metadata.name, stored);
    this.log.push({ name: object.metadata.name, object: stored });
  }

  remove(name: string): void {
    if (this.objects.delete(name)) this.log.push({ name, object: undefined });
  }

  /** Changes an object, if there is one and it is at this version; says whether it did. */
  update(name: string, version: string | undefined, change: (object: T) => T): boolean {
    const found = this.objects.get(name);
    if (found === undefined) return false;
    if (version !== undefined && found.metadata.resourceVersion !== version) return false;
    this.put(change(found));
    return true;
  }
}

/** What one process has seen of a kind. */
export class Cache<T extends Stored> {
  readonly objects = new Map<string, T>();
  readonly #kind: Kind<T>;
  #position = 0;

  constructor(kind: Kind<T>) {
    this.#kind = kind;
    this.sync(Infinity);
  }

  /** Hears of some of what it has not heard of yet, in the order in which it happened. */
  sync(changes: number): void {
    const { log } = this.#kind;
    const end = Math.min(log.length, this.#position + changes);
    for (; this.#position < end; this.#position += 1) {
      const { name, object } = there(log[this.#position]);
      if (object === undefined) this.objects.delete(name);
      else this.objects.set(name, object);
    }
  }
}

/** What is known to be there. */
export function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there');
  return value;
}
