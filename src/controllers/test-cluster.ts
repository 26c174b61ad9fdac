// An API server that is not there, for the tests of what follows and makes Jobs.
import {
  FakeClock,
  KubeError,
  type KubeObject,
  type ObjectMetadata,
  type ResourceType,
  type WatchEvent,
} from '../kube/index.ts';
import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import type { JobClient } from './build-jobs.ts';

/** An object as it is kept: with all that a server gives it. */
type Stored = KubeObject & {
  readonly metadata: ObjectMetadata & { readonly name: string; readonly uid: string };
};

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
}

interface Selected {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Keeps objects as an API server does, and tells of them; what depends on objects goes when a test says so. */
export class FakeCluster {
  readonly clock: FakeClock = new FakeClock();
  /** Writes that were asked for, in their order: `create Job build-x`. */
  readonly writes: string[] = [];
  /** Called before every call; what it throws is the answer, and nothing is done. */
  before: (call: string) => void | Promise<void> = () => {};
  /** Called after every call that was done; what it throws is the answer all the same. */
  after: (call: string) => void = () => {};
  /** Streams that are open. */
  watches = 0;
  /** While it says so, and for streams that are open, there is no server. */
  #failure: KubeError | undefined;
  readonly #objects = new Map<string, Stored>();
  #events: readonly Event[] = [];
  /** Events before that are forgotten. */
  #oldest = 0;
  #count = 0;
  #news = Promise.withResolvers<void>();

  get client(): JobClient {
    const client: Pick<JobClient, 'create' | 'delete' | 'get' | 'list' | 'patch' | 'watch'> = {
      create: async (type, object, options) =>
        this.#call(`create ${type.kind} ${object.metadata.name ?? ''}`, options?.signal, () => {
          const { namespace = '', name = '' } = object.metadata;
          if (this.find(type, name, namespace) !== undefined)
            throw new KubeError('already-exists', `${name} is there`);
          return this.put(type, object) as never;
        }),
      get: async (type, { name, namespace }, options) =>
        this.#call(
          `get ${type.kind} ${name}`,
          options?.signal,
          () => this.#require(type, name, namespace) as never,
        ),
      list: async (type, options) =>
        this.#call(`list ${type.kind}`, options?.signal, () => ({
          items: this.#select(type, options) as never[],
          resourceVersion: this.#version,
          continue: '',
        })),
      patch: async (type, { name, namespace }, change, options) =>
        this.#call(`patch ${type.kind} ${name}`, options?.signal, () => {
          const found = this.#require(type, name, namespace);
          const { patch } = change as unknown as { readonly patch: JsonObject };
          const { metadata } = patch;
          const uid = isJsonObject(metadata) ? metadata['uid'] : undefined;
          if (uid !== undefined && uid !== found.metadata.uid)
            throw new KubeError('conflict', `${name} is another one`);
          const after = merged(found as unknown as JsonObject, patch);
          return this.put(type, after as never) as never;
        }),
      delete: async (type, { name, namespace }, options) =>
        this.#call(`delete ${type.kind} ${name}`, options?.signal, () => {
          const { metadata } = this.#require(type, name, namespace);
          const { uid = metadata.uid } = options?.preconditions ?? {};
          if (uid !== metadata.uid) throw new KubeError('conflict', `${name} is another one`);
          this.remove(type, name, namespace);
          return undefined as never;
        }),
      watch: (type, { signal, sendInitialEvents, resourceVersion, ...selected }) =>
        this.#watch(
          type,
          selected,
          sendInitialEvents === true ? undefined : resourceVersion,
          signal,
        ) as never,
    };
    return { clock: this.clock, ...client };
  }

  find<T extends KubeObject>(type: ResourceType<T>, name: string, namespace = 'varve'): T | undefined {
    return this.#objects.get(keyOf(type, name, namespace)) as T | undefined;
  }

  /** `Kind name` of all there is, sorted. */
  get names(): readonly string[] {
    return [...this.#objects.keys()].map((key) => key.replace(/ .*\//, ' ')).sort();
  }

  /** Stores an object, as it is now or new. */
  put<T extends KubeObject>(type: ResourceType<T>, object: T): Stored {
    const { name = '', namespace = '' } = object.metadata;
    const key = keyOf(type, name, namespace);
    const before = this.#objects.get(key);
    this.#count += 1;
    const metadata = {
      uid: before?.metadata.uid ?? `uid-${this.#count}`,
      creationTimestamp: new Date(this.clock.wall()).toISOString(),
      ...object.metadata,
      name,
      resourceVersion: String(this.#events.length + 1),
    };
    const stored: Stored = { ...object, kind: type.kind, metadata };
    this.#objects.set(key, stored);
    this.#tell({ type: before === undefined ? 'ADDED' : 'MODIFIED', object: stored });
    return stored;
  }

  /** Deletes an object, or says so where finalizers keep it. */
  remove(type: ResourceType, name: string, namespace = 'varve'): void {
    const found = this.#require(type, name, namespace);
    const { finalizers = [] } = found.metadata as { readonly finalizers?: readonly string[] };
    if (finalizers.length > 0) {
      const deletionTimestamp = new Date(this.clock.wall()).toISOString();
      this.put(type, { ...found, metadata: { ...found.metadata, deletionTimestamp } });
      return;
    }
    this.#objects.delete(keyOf(type, name, namespace));
    this.#tell({ type: 'DELETED', object: found });
  }

  /** Nobody answers, and all streams break off; undefined: everybody does again. */
  fail(failure: KubeError | undefined): void {
    this.#failure = failure;
    this.#wake();
  }

  /** What came to pass until now is forgotten: who has not heard of it has to read all there is. */
  compact(): void {
    this.#oldest = this.#events.length;
  }

  get #version(): string {
    return String(this.#events.length);
  }

  async #call<T>(call: string, signal: AbortSignal | undefined, work: () => T): Promise<T> {
    const isWrite = !/^(?:get|list)/.test(call);
    if (isWrite) this.writes.push(call);
    await this.before(call);
    await Promise.resolve();
    if (signal?.aborted === true) throw new KubeError('aborted', 'it was stopped');
    this.#refuse();
    const answer = work();
    this.after(call);
    return answer;
  }

  #refuse(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #require(type: ResourceType, name: string, namespace: string): Stored {
    const found = this.#objects.get(keyOf(type, name, namespace));
    if (found === undefined) throw new KubeError('not-found', `there is no ${type.kind} ${name}`);
    return found;
  }

  #select(type: ResourceType, selected: Selected = {}): Stored[] {
    return [...this.#objects.values()].filter((object) => isSelected(type, object, selected));
  }

  #tell(event: Event): void {
    this.#events = [...this.#events, event];
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }

  async *#watch(
    type: ResourceType,
    selected: Selected,
    version: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<WatchEvent<KubeObject>, void, void> {
    const aborted = (): void => this.#wake();
    signal?.addEventListener('abort', aborted);
    this.watches += 1;
    try {
      await Promise.resolve();
      this.#refuse();
      let at = Number(version ?? this.#events.length);
      if (at < this.#oldest) throw new KubeError('gone', 'that is too long ago');
      if (version === undefined) {
        for (const object of this.#select(type, selected)) yield { type: 'ADDED', object };
        yield { type: 'BOOKMARK', resourceVersion: String(at), endsInitialEvents: true };
      }
      for (;;) {
        if (signal?.aborted === true) return;
        const news = this.#news.promise;
        const event = this.#events[at];
        if (event !== undefined) {
          at += 1;
          if (isSelected(type, event.object, selected)) yield event;
        } else await news;
        this.#refuse();
      }
    } finally {
      this.watches -= 1;
      signal?.removeEventListener('abort', aborted);
    }
  }
}

function keyOf(type: Pick<ResourceType, 'kind' | 'namespaced'>, name: string, namespace: string): string {
  return `${type.kind} ${type.namespaced ? namespace : ''}/${name}`;
}

/** By the two kinds of selectors that are used here: `key=value` and `key`. */
function isSelected({ kind }: ResourceType, object: Stored, selected: Selected): boolean {
  const { namespace = '', labelSelector = '', fieldSelector = '' } = selected;
  const { metadata } = object;
  const [label = '', value] = labelSelector.split('=');
  const labelled = metadata.labels?.[label];
  return (
    object.kind === kind &&
    (namespace === '' || metadata.namespace === namespace) &&
    (label === '' || (labelled !== undefined && (value === undefined || labelled === value))) &&
    (fieldSelector === '' || fieldSelector === `metadata.name=${metadata.name}`)
  );
}

/** RFC 7386. */
function merged(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else if (value !== undefined) result.set(name, merged(result.get(name), value));
  }
  return Object.fromEntries(result);
}
