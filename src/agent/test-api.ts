import assert from 'node:assert/strict';
import {
  API_VERSION,
  type Condition,
  MACHINE_CONFIG_NODE_ANNOTATION,
  type MachineConfigNode,
} from '../api/index.ts';
import {
  FakeClock,
  KubeError,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
  type JsonPatchOperation,
  type Patch,
  type ResourceType,
  type WatchEvent,
  type WatchOptions,
} from '../kube/index.ts';
import { isJsonObject } from '../schema/index.ts';

type Client = Pick<KubeClient, 'get' | 'patch' | 'list' | 'watch' | 'clock'>;
type Stored = KubeObject & { readonly status?: unknown; readonly spec?: unknown };

const NAME = 'n1';

/** An API with one Node and its MachineConfigNode, on a clock that moves only when told; it counts what is asked of it. */
export class TestApi {
  readonly clock = new FakeClock();
  /** As `patch machineconfignodes/status`. */
  requests: string[] = [];
  /** What every request is refused with. */
  refuses: KubeError | undefined;
  /** Called after a write of this kind was done, before it is answered. */
  beforeAnswer: (request: string) => void = () => {};
  readonly #objects = new Map<string, Stored>();
  readonly #watchers = new Set<(event: WatchEvent<KubeObject>) => void>();
  #held: { readonly verb: string; readonly until: Promise<void> } | undefined;
  #version = 0;

  constructor() {
    this.put('nodes', { metadata: { name: NAME, uid: 'node', annotations: {} } });
  }

  /** For an agent: it hears of its Node, and asks for the rest. */
  get client(): Client {
    const client = {
      clock: this.clock,
      get: (type: ResourceType) => this.#answer('get', type.plural, () => this.#found(type.plural)),
      list: () => Promise.reject(new KubeError('unsupported', 'this server streams')),
      watch: (type: ResourceType, options: WatchOptions) => this.#watch(type.plural, options),
      patch: (type: ResourceType, _key: ObjectKey, patch: Patch, more: { readonly subresource?: string }) => {
        const { subresource } = more;
        const request = `patch ${type.plural}${subresource === undefined ? '' : `/${subresource}`}`;
        return this.#answer('patch', request.slice('patch '.length), () => {
          if (patch.type === 'json') return this.#operate(type.plural, patch.operations);
          assert.equal(patch.type, 'merge');
          const { metadata, status, ...rest } = (patch as { readonly patch: Stored }).patch;
          if (subresource === undefined) return this.#merge(type.plural, { metadata, ...rest });
          // Of the metadata nothing else counts, not even the uid.
          const { resourceVersion } = metadata;
          return this.#merge(type.plural, { metadata: { resourceVersion }, status });
        });
      },
    };
    return client as unknown as Client;
  }

  get node(): Stored & { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } } {
    return this.#found('nodes');
  }

  get machineConfigNode(): MachineConfigNode {
    return this.#found('machineconfignodes') as unknown as MachineConfigNode;
  }

  condition(type: string): Condition | undefined {
    return this.machineConfigNode.status?.conditions?.find((found) => found.type === type);
  }

  put(plural: string, object: Stored): void {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `${this.#version}` } };
    const isNew = !this.#objects.has(plural);
    this.#objects.set(plural, stored);
    if (plural !== 'nodes') return;
    for (const watcher of this.#watchers) {
      watcher({ type: isNew ? 'ADDED' : 'MODIFIED', object: structuredClone(stored) });
    }
  }

  /** As somebody else writes it. */
  merge(plural: 'nodes' | 'machineconfignodes', patch: object): void {
    this.#merge(plural, patch);
  }

  annotate(annotations: Readonly<Record<string, string | null>>): void {
    this.#merge('nodes', { metadata: { annotations } });
  }

  /** Makes a new MachineConfigNode. */
  make(uid: string, status?: MachineConfigNode['status']): void {
    this.put('machineconfignodes', {
      apiVersion: API_VERSION,
      kind: 'MachineConfigNode',
      metadata: { name: NAME, uid, generation: 1 },
      spec: { node: { name: NAME }, pool: { name: 'worker' }, configVersion: { desired: 'x' } },
      ...(status === undefined ? {} : { status }),
    });
  }

  /** Says in the Node which it is, as a controller does. */
  name(uid: string | null): void {
    this.annotate({ [MACHINE_CONFIG_NODE_ANNOTATION]: uid });
  }

  /** Holds back the next answer of this verb, which is as of now, until the function that it gives is called. */
  holdNext(verb: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = { verb, until: promise };
    return resolve;
  }

  /** The object with the version that it had then. */
  restore(object: MachineConfigNode): void {
    this.#objects.set('machineconfignodes', object);
  }

  remove(plural: 'machineconfignodes'): void {
    this.#objects.delete(plural);
  }

  /** What was asked about MachineConfigNodes since the last time. */
  takeRequests(): readonly string[] {
    const taken = this.requests.filter((request) => request.includes('machineconfignodes'));
    this.requests = [];
    return taken.map((request) => request.replace(' machineconfignodes', ''));
  }

  #found(plural: string): Stored {
    const found = this.#objects.get(plural);
    if (found === undefined) throw new KubeError('not-found', `there is no ${NAME} of ${plural}`);
    return structuredClone(found);
  }

  async #answer(verb: string, what: string, act: () => Stored): Promise<Stored> {
    const request = `${verb} ${what}`;
    this.requests.push(request);
    await Promise.resolve();
    this.#refuse();
    const answer = act();
    const held = this.#held;
    if (held?.verb === verb) {
      this.#held = undefined;
      await held.until;
    }
    this.beforeAnswer(request);
    // A server that dies answers nothing of what it has done.
    this.#refuse();
    return answer;
  }

  #refuse(): void {
    if (this.refuses instanceof Error) throw this.refuses;
  }

  /** Tests, and adds to the status. */
  #operate(plural: string, operations: readonly JsonPatchOperation[]): Stored {
    const object = this.#found(plural);
    for (const operation of operations) {
      assert.ok(operation.op === 'test' || operation.op === 'add');
      const [, part = '', key = ''] = operation.path.split('/');
      const parent = object[part as 'metadata' | 'status'] as Record<string, unknown> | undefined;
      const fits = parent !== undefined && (operation.op === 'add' || parent[key] === operation.value);
      if (!fits)
        throw new KubeError('invalid', 'the server rejected our request due to an error in our request');
      parent[key] = operation.value;
    }
    this.put(plural, object);
    return this.#found(plural);
  }

  #merge(plural: string, patch: object): Stored {
    const before = this.#found(plural);
    const { uid, resourceVersion } =
      (patch as { readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string } })
        .metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
      throw new KubeError('conflict', 'somebody has changed it');
    }
    // As Kubernetes has it: there is no precondition in a patch, and what is immutable is invalid.
    if (uid !== undefined && uid !== before.metadata.uid)
      throw new KubeError('invalid', 'metadata.uid is immutable');
    const after = merged(before, patch) as Stored;
    if (JSON.stringify(after) !== JSON.stringify(before)) this.put(plural, after);
    return this.#found(plural);
  }

  async *#watch(plural: string, { signal }: WatchOptions): AsyncGenerator<WatchEvent<KubeObject>> {
    this.requests.push(`watch ${plural}`);
    assert.equal(plural, 'nodes');
    this.#refuse();
    const events: WatchEvent<KubeObject>[] = [{ type: 'ADDED', object: this.#found(plural) }];
    events.push({ type: 'BOOKMARK', resourceVersion: `${this.#version}`, endsInitialEvents: true });
    let wake = (): void => {};
    const watcher = (event: WatchEvent<KubeObject>): void => {
      events.push(event);
      wake();
    };
    this.#watchers.add(watcher);
    signal?.addEventListener('abort', () => wake(), { once: true });
    try {
      for (;;) {
        if (signal?.aborted === true) break;
        const event = events.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
    } finally {
      this.#watchers.delete(watcher);
    }
    throw new KubeError('aborted', 'nobody wants to know any more');
  }
}

/** Keeps in memory what a file would. */
export class TestStore {
  kept: MachineConfigNode | undefined;

  read(): Promise<MachineConfigNode | undefined> {
    return Promise.resolve(this.kept);
  }

  write(object: MachineConfigNode): Promise<void> {
    this.kept = object;
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.kept = undefined;
    return Promise.resolve();
  }
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else if (value !== undefined) result[key] = merged(result[key], value);
  }
  return result;
}
