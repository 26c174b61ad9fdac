import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type MachineConfigNode, MACHINE_CONFIG_NODE_ANNOTATION } from '../api/index.ts';
import {
  type Change,
  FakeClock,
  type Informer,
  KubeError,
  type KubeObject,
  ObjectCache,
  type ObjectKey,
  type Patch,
  type ResourceType,
} from '../kube/index.ts';
import { nodeKeeper } from './node-keeper.ts';
import type { PoolNode } from './resources.ts';
import { RolloutBoard } from './rollout-board.ts';
import type { ControllerSupport } from './support.ts';
import { pool } from './test-view.ts';

const DESIRED = 'machineconfiguration.openshift.io/desiredConfig';
const LABELS = { 'node-role.kubernetes.io/worker': '' };

/** An informer whose watch tells when the test has it so. */
class Told<T extends KubeObject> {
  readonly cache = new ObjectCache<T>();
  readonly synced = Promise.resolve();
  readonly #handlers: ((change: Change<T>) => void)[] = [];

  subscribe(handler: (change: Change<T>) => void): () => void {
    this.#handlers.push(handler);
    return () => {};
  }

  put(object: T): void {
    for (const change of this.cache.put(object)) for (const handler of this.#handlers) handler(change);
  }

  get informer(): Informer<T> {
    return this as unknown as Informer<T>;
  }
}

/** An API server with Nodes and MachineConfigNodes, and the controller that keeps them. */
class Scene {
  readonly clock = new FakeClock();
  readonly nodes = new Told<PoolNode>();
  readonly machineConfigNodes = new Told<MachineConfigNode>();
  writes: string[] = [];
  /** Watches tell of nothing. */
  isDeaf = false;
  readonly #objects = new Map<string, KubeObject>();
  #version = 0;
  readonly #pools = new Told<ReturnType<typeof pool>>();
  readonly #controller: ReturnType<typeof nodeKeeper>['controller'];

  constructor(t: TestContext) {
    const board = new RolloutBoard();
    const view = {
      nodes: this.nodes.informer,
      machineConfigNodes: this.machineConfigNodes.informer,
      pools: this.#pools.informer,
    };
    board.follow(view);
    const client = {
      clock: this.clock,
      create: (type: ResourceType, object: KubeObject) =>
        this.#write('create', type, { ...object, metadata: { ...object.metadata, uid: 'm1' } }),
      patch: (type: ResourceType, { name }: ObjectKey, patch: Patch) => {
        const { metadata, spec } = (patch as { readonly patch: KubeObject & { spec?: object } }).patch;
        const before = this.#objects.get(`${type.kind} ${name}`);
        if (before === undefined) throw new KubeError('not-found', 'it is gone');
        assert.equal(metadata.uid, before.metadata.uid);
        assert.equal(metadata.resourceVersion, undefined, 'what others write is no reason to refuse it');
        return this.#write('patch', type, {
          ...before,
          ...(spec === undefined ? {} : { spec }),
          metadata: {
            ...before.metadata,
            annotations: { ...before.metadata.annotations, ...metadata.annotations },
          },
        });
      },
    };
    const support = { client, view, events: { record: () => {} } } as unknown as ControllerSupport;
    this.#controller = nodeKeeper(support, board).controller;
    this.#pools.put(pool('worker'));
    const stop = new AbortController();
    const running = this.#controller.run(stop.signal);
    t.after(async () => {
      stop.abort();
      await running;
    });
  }

  node(name: string): PoolNode {
    return this.#objects.get(`Node ${name}`) as PoolNode;
  }

  nameOf(node: string): string | undefined {
    return this.node(node).metadata.annotations?.[MACHINE_CONFIG_NODE_ANNOTATION];
  }

  machineConfigNode(name: string): MachineConfigNode {
    return this.#objects.get(`MachineConfigNode ${name}`) as unknown as MachineConfigNode;
  }

  /** As others write it. */
  put(kind: string, object: KubeObject): KubeObject {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `${this.#version}` } };
    this.#objects.set(`${kind} ${object.metadata.name}`, stored);
    if (!this.isDeaf) this.tell();
    return stored;
  }

  /** Has the watches tell of all that there is. */
  tell(): void {
    for (const [name, object] of this.#objects) {
      if (name.startsWith('Node ')) this.nodes.put(object as PoolNode);
      else this.machineConfigNodes.put(object as unknown as MachineConfigNode);
    }
  }

  annotate(name: string, annotations: Readonly<Record<string, string>>): void {
    const node = this.node(name);
    const all = { ...node.metadata.annotations, ...annotations };
    this.put('Node', { ...node, metadata: { ...node.metadata, annotations: all } });
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await this.clock.advance(1);
  }

  take(): readonly string[] {
    const taken = this.writes;
    this.writes = [];
    return taken;
  }

  #write(verb: string, { kind }: ResourceType, object: KubeObject): Promise<KubeObject> {
    this.writes.push(`${verb} ${kind} ${object.metadata.name}`);
    return Promise.resolve(this.put(kind, object));
  }
}

function node(name: string, annotations: Readonly<Record<string, string>> = {}): KubeObject {
  return { metadata: { name, uid: `uid-${name}`, labels: LABELS, annotations } };
}

function kept(name: string, uid: string): KubeObject {
  return {
    kind: 'MachineConfigNode',
    metadata: { name, uid },
    spec: { node: { name }, pool: { name: 'worker' }, configVersion: { desired: 'not-yet-set' } },
  } as KubeObject;
}

test('nodeKeeper() makes a MachineConfigNode and names it on the Node, each once', async (t) => {
  const scene = new Scene(t);
  scene.put('Node', node('n1'));
  await scene.settle();
  assert.deepEqual(scene.take(), ['create MachineConfigNode n1', 'patch Node n1']);
  assert.equal(scene.nameOf('n1'), 'm1');
  await scene.clock.advance(600_000);
  assert.deepEqual(scene.take(), []);
});

test('nodeKeeper() names the MachineConfigNodes of a cluster that has had them for long one by one, within a minute', async (t) => {
  const scene = new Scene(t);
  let count = 0;
  scene.clock.chance = () => (count++ % 10) / 10;
  const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
  for (const name of names) {
    scene.put('MachineConfigNode', kept(name, `m-${name}`));
    scene.put('Node', node(name));
  }
  await scene.settle();
  const first = scene.take().length;
  assert.ok(first <= 2, `${first} at once`);
  await scene.clock.advance(30_000);
  const half = scene.take().length;
  assert.ok(half >= 3 && half <= 7, `${half} in half a minute`);
  await scene.clock.advance(30_000);
  assert.equal(first + half + scene.take().length, 10);
  for (const name of names) assert.equal(scene.nameOf(name), `m-${name}`);
});

test('nodeKeeper() names another MachineConfigNode at once', async (t) => {
  const scene = new Scene(t);
  scene.put('Node', node('n1'));
  await scene.settle();
  scene.take();
  scene.put('MachineConfigNode', kept('n1', 'm2'));
  await scene.settle();
  assert.deepEqual(scene.take(), ['patch Node n1']);
  assert.equal(scene.nameOf('n1'), 'm2');
});

test('nodeKeeper() writes a spec once, whoever reports meanwhile and however late the watches are', async (t) => {
  const scene = new Scene(t);
  scene.put('Node', node('n1'));
  await scene.settle();
  scene.take();
  const found = scene.machineConfigNode('n1');
  scene.isDeaf = true;
  // The agent has reported, and nobody here has heard of it.
  scene.put('MachineConfigNode', { ...found, status: { conditions: [] } } as unknown as KubeObject);
  scene.annotate('n1', { [DESIRED]: 'rendered-1' });
  scene.nodes.put(scene.node('n1'));
  await scene.settle();
  scene.annotate('n1', { other: 'x' });
  scene.nodes.put(scene.node('n1'));
  await scene.settle();
  assert.deepEqual(scene.take(), ['patch MachineConfigNode n1']);
  scene.tell();
  await scene.settle();
  scene.annotate('n1', { [DESIRED]: 'not-yet-set' });
  scene.nodes.put(scene.node('n1'));
  await scene.settle();
  assert.deepEqual(scene.take(), ['patch MachineConfigNode n1']);
  assert.equal(scene.machineConfigNode('n1').spec.configVersion.desired, 'not-yet-set');
});

test('nodeKeeper() puts right what another controller wrote into a spec', async (t) => {
  const scene = new Scene(t);
  scene.put('Node', node('n1', { [DESIRED]: 'rendered-1' }));
  await scene.settle();
  scene.take();
  const found = scene.machineConfigNode('n1');
  scene.put('MachineConfigNode', {
    ...found,
    spec: { ...found.spec, configVersion: { desired: 'rendered-0' } },
  } as unknown as KubeObject);
  await scene.settle();
  assert.deepEqual(scene.take(), ['patch MachineConfigNode n1']);
  assert.equal(scene.machineConfigNode('n1').spec.configVersion.desired, 'rendered-1');
});
