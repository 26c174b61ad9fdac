import { ChangeFeed } from './change-feed.ts';
import type { Selection } from './client.ts';
import { ObjectCache, type Change, type Indexes, type ObjectView } from './object-cache.ts';
import { Reflector, type InformerClient, type ReflectorNumbers, type ReflectorTimings } from './reflector.ts';
import { keyOf, type KubeObject, type ResourceType } from './resource-type.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly selection?: Selection;
  readonly indexes?: Indexes<T>;
  /** What is kept of an object; managedFields are gone already. It may change the object that it is given. */
  readonly transform?: (object: T) => T;
  /** Freezes what is kept, so that a consumer that changes a shared object fails. @default false */
  readonly freeze?: boolean;
  readonly pageSize?: number;
  readonly streaming?: boolean;
  readonly timings?: ReflectorTimings;
}

/**
 * A cache of one kind that follows the API server, for any number of consumers. What changed while a connection was
 * broken arrives as the difference: no object is told of as deleted or added that was there all along.
 */
export class Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** Resolves when the cache is complete for the first time. */
  readonly synced: Promise<void>;
  readonly #cache: ObjectCache<T>;
  readonly #reflector: Reflector;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  readonly #report: (error: unknown) => void;
  #isSynced = false;
  #lastError: unknown;

  constructor(
    client: InformerClient,
    options: InformerOptions<T>,
    report: (error: unknown) => void = () => {},
  ) {
    this.type = options.type;
    this.#report = report;
    this.#cache = new ObjectCache<T>(options.indexes);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    const prepare = (object: KubeObject): T => keep(object as T, options);
    this.#reflector = new Reflector({
      ...options,
      client,
      onProgress: () => {
        this.#lastError = undefined;
      },
      report: (error) => {
        this.#lastError = error;
        report(error);
      },
      sink: {
        prepare,
        replace: (objects) => {
          const changes = this.#cache.replace(objects as readonly T[]);
          this.#isSynced = true;
          this.#lastError = undefined;
          this.#tell(changes);
          resolve();
        },
        apply: (type, object) => {
          const kept = prepare(object);
          this.#tell(type === 'DELETED' ? this.#cache.remove(keyOf(kept), kept) : this.#cache.put(kept));
        },
      },
    });
  }

  /** What there is, as far as this process knows. */
  get cache(): ObjectView<T> {
    return this.#cache;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Why the cache does not follow at the moment; undefined while nothing is known to be wrong. */
  get lastError(): unknown {
    return this.#lastError;
  }

  get numbers(): ReflectorNumbers {
    return this.#reflector.numbers;
  }

  /** Follows until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  /**
   * Tells a handler of every change, at once and before anything else happens; what is there already comes as added.
   * Handlers only take note (into a work queue): they delay all others. One that throws is reported.
   *
   * @returns a function that ends it
   */
  subscribe(handler: (change: Change<T>) => void): () => void {
    // Another function each time: the same handler may subscribe twice.
    const own = (change: Change<T>): void => handler(change);
    this.#handlers.add(own);
    for (const object of this.#cache.values()) this.#call(own, { type: 'added', object });
    return () => void this.#handlers.delete(own);
  }

  /** Changes for a consumer that waits between them; see {@link ChangeFeed}. Ends when the signal aborts. */
  async *changes(signal: AbortSignal): AsyncGenerator<Change<T>, void, void> {
    const feed = new ChangeFeed<T>();
    const close = (): void => feed.close();
    if (signal.aborted) return;
    signal.addEventListener('abort', close, { once: true });
    const unsubscribe = this.subscribe((change) => feed.push(change));
    try {
      for await (const change of feed) {
        if (signal.aborted) return;
        yield change;
      }
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', close);
    }
  }

  #tell(changes: readonly Change<T>[]): void {
    if (changes.length === 0) return;
    for (const change of changes) {
      for (const handler of this.#handlers) this.#call(handler, change);
    }
  }

  #call(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.#report(error);
    }
  }
}

/** The part of an object that stays in memory. */
function keep<T extends KubeObject>(object: T, { transform, freeze }: InformerOptions<T>): T {
  // Who owns which field is half of a small object, and nobody who reads caches asks for it.
  if ('managedFields' in object.metadata) {
    // Not `delete`, after which V8 keeps an object as a hash table, twice as large.
    const { managedFields: _, ...metadata } = object.metadata as { managedFields?: unknown } & T['metadata'];
    (object as { metadata: unknown }).metadata = metadata;
  }
  const kept = transform === undefined ? object : transform(object);
  if (freeze === true) deepFreeze(kept);
  return kept;
}

/** JSON off the wire has no cycles; its depth is bounded by the parser of whoever stored it. */
function deepFreeze(value: unknown): void {
  const rest = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue;
    Object.freeze(next);
    rest.push(...Object.values(next));
  }
}
