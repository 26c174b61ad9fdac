import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import {
  API_VERSION,
  DEFAULT_OS_CONFIG_ANNOTATION,
  LAYERED_ANSWERED_ANNOTATION,
  LAYERED_LABEL,
} from '../api/index.ts';
import type {
  Informer,
  KubeObject,
  ObjectKey,
  Outcome,
  Reconciliation,
  ResourceType,
} from '../kube/index.ts';
import { FakeClock, ObjectCache } from '../kube/index.ts';
import { imageModeController } from './image-mode-controller.ts';
import type { ControllerSettings, ControllerSupport } from './support.ts';
import { pool } from './test-view.ts';

const DEFAULTS = { pushRepository: 'registry.example.com/os', pushSecret: 'push', everyPool: false };
const ANSWERED = { [LAYERED_ANSWERED_ANNOTATION]: 'true' };
const LABELS = { [LAYERED_LABEL]: '' };

function infra(metadata: Partial<MachineConfigPool['metadata']> = {}): MachineConfigPool {
  const made = pool('infra');
  return { ...made, metadata: { ...made.metadata, ...metadata } };
}

function osConfig(annotations: Readonly<Record<string, string>> = {}): MachineOSConfig {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSConfig',
    metadata: { name: 'infra', uid: 'uid-os', resourceVersion: '7', annotations },
    spec: {
      machineConfigPool: { name: 'infra' },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/os:infra',
    },
  };
}

const OWN = osConfig({ [DEFAULT_OS_CONFIG_ANNOTATION]: 'true' });

/** An informer that has these objects and follows nothing. */
function following<T extends KubeObject>(
  objects: readonly T[],
  indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {},
): Informer<T> {
  const cache = new ObjectCache<T>(indexes);
  cache.replace(objects);
  const subscribe = (handler: (change: { type: 'added'; object: T }) => void): (() => void) => {
    for (const object of cache.values()) handler({ type: 'added', object });
    return () => {};
  };
  return { cache, synced: Promise.resolve(), subscribe } as unknown as Informer<T>;
}

interface Situation {
  readonly pools: readonly MachineConfigPool[];
  readonly osConfigs?: readonly MachineOSConfig[];
  readonly settings?: Partial<ControllerSettings>;
  /** What the API server says of the pool, if that is not what is in the cache. */
  readonly now?: MachineConfigPool;
}

/** What the controller writes, what it tells people, and how its first run ends. */
async function run({ pools, osConfigs = [], settings = { imageMode: DEFAULTS }, now }: Situation): Promise<{
  readonly writes: readonly unknown[];
  readonly events: readonly string[];
  readonly outcome: Outcome['kind'];
}> {
  const writes: unknown[] = [];
  const events: string[] = [];
  const stop = new AbortController();
  const note =
    (verb: string) =>
    (type: ResourceType, what: unknown, more: unknown = {}): Promise<unknown> => {
      const { signal: _, ...rest } = more as { signal?: AbortSignal };
      writes.push([verb, type.kind, what, rest]);
      return Promise.resolve(what);
    };
  const client = {
    clock: new FakeClock(),
    get: (_type: ResourceType, { name }: ObjectKey) =>
      Promise.resolve(now ?? pools.find(({ metadata }) => metadata.name === name)),
    create: note('create'),
    delete: note('delete'),
    patch: note('patch'),
  };
  const { promise: ended, resolve: end } = Promise.withResolvers<Outcome['kind']>();
  const { controller } = imageModeController({
    client,
    view: {
      pools: following(pools),
      osConfigs: following(osConfigs, { pool: ({ spec }) => [spec.machineConfigPool.name] }),
    },
    events: {
      record: ({ type, reason }: { type: string; reason: string }) => events.push(`${type} ${reason}`),
    },
    settings,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    onReconciled: ({ outcome }: Reconciliation) => end(outcome.kind),
  } as unknown as ControllerSupport);
  const running = controller.run(stop.signal);
  const outcome = await ended;
  stop.abort();
  await running;
  return { writes, events, outcome };
}

test('imageModeController() answers a label with a MachineOSConfig', async () => {
  const { writes, events, outcome } = await run({ pools: [infra({ labels: LABELS })] });
  const { metadata, ...made } = osConfig();
  assert.deepEqual(writes, [
    [
      'create',
      'MachineOSConfig',
      { ...made, metadata: { name: metadata.name, annotations: OWN.metadata.annotations } },
      {},
    ],
  ]);
  assert.deepEqual(events, ['Normal MachineOSConfigCreated']);
  assert.equal(outcome, 'done');
});

test('imageModeController() creates nothing for a pool that has changed meanwhile, as by opting out', async () => {
  const { writes, events, outcome } = await run({
    pools: [infra({ labels: LABELS })],
    now: infra({ labels: LABELS, annotations: ANSWERED, resourceVersion: '2' }),
  });
  assert.deepEqual([writes, events, outcome], [[], [], 'failed']);
});

test('imageModeController() notes on the pool that its label has been answered', async () => {
  const { writes, events } = await run({ pools: [infra({ labels: LABELS })], osConfigs: [OWN] });
  const metadata = { annotations: ANSWERED, uid: 'uid-infra', resourceVersion: '1' };
  const key = { namespace: '', name: 'infra' };
  assert.deepEqual(writes, [['patch', 'MachineConfigPool', key, { type: 'merge', patch: { metadata } }]]);
  assert.deepEqual(events, []);
});

test('imageModeController() takes the label away whose answer was deleted', async () => {
  const { writes, events } = await run({ pools: [infra({ labels: LABELS, annotations: ANSWERED })] });
  const metadata = {
    annotations: { [LAYERED_ANSWERED_ANNOTATION]: null },
    labels: { [LAYERED_LABEL]: null },
    uid: 'uid-infra',
    resourceVersion: '1',
  };
  const key = { namespace: '', name: 'infra' };
  assert.deepEqual(writes, [['patch', 'MachineConfigPool', key, { type: 'merge', patch: { metadata } }]]);
  assert.deepEqual(events, ['Normal LayeredLabelRemoved']);
});

const PRECONDITIONS = { preconditions: { uid: 'uid-os', resourceVersion: '7' } };
const DELETED = [['delete', 'MachineOSConfig', { namespace: '', name: 'infra' }, PRECONDITIONS]];

test('imageModeController() deletes its own MachineOSConfig of a pool without label, as it has seen it', async () => {
  const { writes, events } = await run({ pools: [infra()], osConfigs: [OWN] });
  assert.deepEqual(writes, DELETED);
  assert.deepEqual(events, ['Normal MachineOSConfigDeleted']);
});

test('imageModeController() deletes its own MachineOSConfig of a pool that is gone', async () => {
  const { writes, events } = await run({ pools: [], osConfigs: [OWN] });
  assert.deepEqual(writes, DELETED);
  assert.deepEqual(events, []);
});

const AT_REST: Readonly<Record<string, Situation>> = {
  'a pool that asks for nothing': { pools: [infra()] },
  'a label that has been answered': {
    pools: [infra({ labels: LABELS, annotations: ANSWERED })],
    osConfigs: [OWN],
  },
  'a MachineOSConfig of a person': { pools: [infra()], osConfigs: [osConfig()] },
  'that of a person whose pool is gone': { pools: [], osConfigs: [osConfig()] },
  'a pool that is being deleted': {
    pools: [infra({ labels: LABELS, deletionTimestamp: '2026-01-01T00:00:00Z' })],
  },
};

for (const [name, situation] of Object.entries(AT_REST)) {
  test(`imageModeController() writes nothing for ${name}`, async () => {
    assert.deepEqual(await run(situation), { writes: [], events: [], outcome: 'done' });
  });
}

test('imageModeController() says what a person has to do', async () => {
  const { writes, events, outcome } = await run({ pools: [infra({ labels: LABELS })], settings: {} });
  assert.deepEqual([writes, events, outcome], [[], ['Warning NoPushRepository'], 'stalled']);
});
