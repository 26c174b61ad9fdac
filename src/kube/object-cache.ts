import { formatKey, keyOf, type KubeObject, type ObjectKey } from './resource-type.ts';

/** The values under which an object is found; none for an object that does not belong to the index. */
export type IndexFunction<T> = (object: T) => readonly string[];

export type Indexes<T> = Readonly<Record<string, IndexFunction<T>>>;

/** What changed. Objects are shared by everybody and must not be changed. */
export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T };

/** What consumers see of an {@link ObjectCache}. */
export interface ObjectView<T> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  /** In no particular order. */
  values(): IteratorObject<T>;
  /** The objects for which an index gives this value. @throws RangeError if there is no such index */
  byIndex(index: string, value: string): T[];
  inNamespace(namespace: string): T[];
}

/** An index of the objects by the value of one of their labels. */
export function labelIndex<T extends KubeObject>(label: string): IndexFunction<T> {
  return ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [value];
  };
}

const NAMESPACE = 'namespace';

/** Objects of one kind by name and by index, which tells exactly what changed. */
export class ObjectCache<T extends KubeObject> implements ObjectView<T> {
  readonly #objects = new Map<string, T>();
  readonly #functions: ReadonlyMap<string, IndexFunction<T>>;
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexes: Indexes<T> = {}) {
    this.#functions = new Map<string, IndexFunction<T>>([
      [NAMESPACE, ({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace])],
      ...Object.entries(indexes),
    ]);
    for (const name of this.#functions.keys()) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(formatKey(key));
  }

  values(): IteratorObject<T> {
    return this.#objects.values();
  }

  inNamespace(namespace: string): T[] {
    return this.byIndex(NAMESPACE, namespace);
  }

  byIndex(index: string, value: string): T[] {
    const keys = this.#indexes.get(index);
    if (keys === undefined) throw new RangeError(`cannot look up by ${JSON.stringify(index)}: no such index`);
    const found: T[] = [];
    for (const key of keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Takes in an object that exists; nothing changes if this version of it is known. */
  put(object: T): readonly Change<T>[] {
    const key = formatKey(keyOf(object));
    const old = this.#objects.get(key);
    if (old !== undefined && isSameVersion(old, object)) return [];
    if (old !== undefined) this.#unindex(key, old);
    this.#objects.set(key, object);
    this.#index(key, object);
    if (old === undefined) return [{ type: 'added', object }];
    // Another object of the same name: whoever held on to the first one has to hear that it is gone.
    if (old.metadata.uid !== object.metadata.uid) {
      return [
        { type: 'deleted', object: old },
        { type: 'added', object },
      ];
    }
    return [{ type: 'updated', object, old }];
  }

  /** Takes out an object; `last` is its last state, where that is known. */
  remove(key: ObjectKey, last?: T): readonly Change<T>[] {
    const text = formatKey(key);
    const old = this.#objects.get(text);
    if (old === undefined) return [];
    this.#unindex(text, old);
    this.#objects.delete(text);
    return [{ type: 'deleted', object: last ?? old }];
  }

  /** Takes in all objects that exist, and takes out the others. */
  replace(objects: readonly T[]): readonly Change<T>[] {
    const present = new Set(objects.map((object) => formatKey(keyOf(object))));
    const changes: Change<T>[] = [];
    for (const [key, old] of this.#objects) {
      if (present.has(key)) continue;
      changes.push(...this.remove(keyOf(old)));
    }
    for (const object of objects) changes.push(...this.put(object));
    return changes;
  }

  #index(key: string, object: T): void {
    for (const [name, valuesOf] of this.#functions) {
      const index = this.#indexes.get(name);
      for (const value of valuesOf(object)) {
        const keys = index?.get(value);
        if (keys === undefined) index?.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const [name, valuesOf] of this.#functions) {
      const index = this.#indexes.get(name);
      for (const value of valuesOf(object)) {
        const keys = index?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index?.delete(value);
      }
    }
  }
}

function isSameVersion(one: KubeObject, other: KubeObject): boolean {
  return (
    one.metadata.uid === other.metadata.uid &&
    one.metadata.resourceVersion !== undefined &&
    one.metadata.resourceVersion === other.metadata.resourceVersion
  );
}
