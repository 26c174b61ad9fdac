import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../kube/index.ts';
import {
  formatKey,
  ObjectCache,
  type Change,
  type Controller,
  type Informer,
  type ObjectKey,
} from '../kube/index.ts';
import { watchPoolImages } from './build-triggers.ts';
import type { ClusterView } from './cluster-view.ts';
import { buildOf, osConfigOf, secretOf } from './test-images.ts';
import { controllerConfig, machineConfig, pool } from './test-view.ts';

const WORKER = pool('worker', { configuration: { name: 'rendered-worker-1' } });
const OS_CONFIG = osConfigOf('worker', { baseImagePullSecret: { name: 'pull' } });

/** The pools that a change brings to a controller. */
function poolsOf(kind: keyof ClusterView, change: Change<KubeObject>): readonly string[] {
  const keysOf = new Map<unknown, (change: Change<KubeObject>) => Iterable<ObjectKey>>();
  const cached = (...objects: readonly KubeObject[]): object => {
    const cache = new ObjectCache<KubeObject>();
    cache.replace(objects);
    return { cache };
  };
  const view = {
    pools: cached(WORKER, pool('infra')),
    osConfigs: cached(OS_CONFIG),
    osBuilds: cached(),
    machineConfigs: cached(),
    secrets: cached(),
    configMaps: cached(),
    controllerConfigs: cached(),
  } as unknown as ClusterView;
  const controller = {
    watch: (informer: Informer<KubeObject>, keys: (change: Change<KubeObject>) => Iterable<ObjectKey>) =>
      void keysOf.set(informer, keys),
  } as unknown as Controller;
  watchPoolImages(controller, view, 'cluster-pull');
  return [...(keysOf.get(view[kind])?.(change) ?? [])].map(formatKey);
}

const added = (object: KubeObject): Change<KubeObject> => ({ type: 'added', object });

const CHANGES: Readonly<Record<string, readonly [keyof ClusterView, Change<KubeObject>, readonly string[]]>> =
  {
    'a pool': ['pools', added(WORKER), ['worker']],
    "what a pool's nodes do": [
      'pools',
      { type: 'updated', old: WORKER, object: { ...WORKER, status: { machineCount: 3 } } as KubeObject },
      [],
    ],
    "a pool's label": [
      'pools',
      {
        type: 'updated',
        old: WORKER,
        object: { ...WORKER, metadata: { ...WORKER.metadata, labels: { a: 'b' } } },
      },
      ['worker'],
    ],
    'a MachineOSConfig that comes to another pool': [
      'osConfigs',
      { type: 'updated', old: OS_CONFIG, object: osConfigOf('infra') },
      ['worker', 'infra'],
    ],
    "another pool's MachineOSConfig": ['osConfigs', added(osConfigOf('infra')), ['infra']],
    "what was built for another pool's MachineOSConfig": [
      'osConfigs',
      {
        type: 'updated',
        old: osConfigOf('infra'),
        object: { ...osConfigOf('infra'), status: {} } as KubeObject,
      },
      ['infra'],
    ],
    "another pool's MachineOSConfig that leaves its repository": [
      'osConfigs',
      {
        type: 'updated',
        old: osConfigOf('infra'),
        object: osConfigOf('infra', { renderedImagePushSpec: 'registry.test/elsewhere:infra' }),
      },
      ['infra', 'worker'],
    ],
    "another pool's MachineOSConfig that goes": [
      'osConfigs',
      { type: 'deleted', object: osConfigOf('infra') },
      ['infra', 'worker'],
    ],
    'a build': ['osBuilds', added(buildOf('worker', 'a')), ['worker']],
    'a build of a MachineOSConfig that is gone': ['osBuilds', added(buildOf('other', 'a')), []],
    'the rendered MachineConfig of a pool': [
      'machineConfigs',
      added(machineConfig('rendered-worker-1', 'x')),
      ['worker'],
    ],
    'another MachineConfig': ['machineConfigs', added(machineConfig('50-x', 'worker')), []],
    'the push secret': ['secrets', added(secretOf('push')), ['worker']],
    'the pull secret': ['secrets', added(secretOf('pull')), ['worker']],
    'a secret that nobody names': ['secrets', added(secretOf('cluster-pull')), []],
    "the entitlement of the pool's builds": [
      'secrets',
      added(secretOf('etc-pki-entitlement-worker')),
      ['worker'],
    ],
    "the entitlement of another pool's builds": ['secrets', added(secretOf('etc-pki-entitlement-infra')), []],
    'repositories of packages': ['configMaps', added({ metadata: { name: 'etc-yum-repos-d' } }), ['worker']],
    'what extensions stand for': [
      'configMaps',
      added({ metadata: { name: 'varve-extensions' } }),
      ['worker'],
    ],
    'a ConfigMap that builds are not given': ['configMaps', added({ metadata: { name: 'other' } }), []],
    'the ControllerConfig': ['controllerConfigs', added(controllerConfig('os')), ['worker']],
  };

for (const [what, [kind, change, pools]] of Object.entries(CHANGES)) {
  test(`${what} is news for ${pools.length === 0 ? 'no pool' : pools.join(' and ')}`, () => {
    assert.deepEqual(poolsOf(kind, change), pools);
  });
}
