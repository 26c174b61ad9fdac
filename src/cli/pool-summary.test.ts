import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LAYERED_LABEL,
  ROLLBACK_TO_ANNOTATION,
  type MachineConfigPool,
  type MachineOSBuild,
  type MachineOSConfig,
} from '../api/index.ts';
import { formatAge, summarizePool, type PoolState } from './pool-summary.ts';
import { build, IMAGE, NOW, osConfig, pool } from './status-objects.ts';

interface Case {
  readonly pool?: MachineConfigPool;
  readonly osConfig?: MachineOSConfig;
  readonly builds?: readonly MachineOSBuild[];
  readonly expect: readonly [state: PoolState, message: string];
}

const SUCCEEDED = build('Succeeded', { status: { digestedImagePushSpec: IMAGE } });

const CASES: Readonly<Record<string, Case>> = {
  'a pool that nothing was rendered for': {
    pool: pool({ spec: { configuration: {} }, status: {} }),
    expect: ['waiting', 'waits for its first rendered configuration; is varve controller running?'],
  },
  'a pool whose configuration cannot be rendered': {
    pool: pool({
      spec: { configuration: {} },
      conditions: { RenderDegraded: 'cannot merge a', Degraded: 'x' },
    }),
    expect: ['degraded', 'cannot merge a'],
  },
  'several things are broken': {
    pool: pool({
      conditions: { NodeDegraded: 'Node a is reporting: "b"', RenderDegraded: 'cannot merge a' },
    }),
    expect: ['degraded', 'cannot merge a; Node a is reporting: "b"'],
  },
  'a container build that failed with many words': {
    osConfig: osConfig(),
    builds: [build('Failed', { reason: 'CommandFailed' })],
    pool: pool({
      conditions: { ImageBuildDegraded: 'cannot build: line 2 (exit status 1); it ended with:\na\nb' },
    }),
    expect: ['degraded', 'cannot build: line 2 (exit status 1); varve logs build/worker-1 has its log'],
  },
  'a broken part without a word': {
    pool: pool({ conditions: { PinnedImageSetsDegraded: '' } }),
    expect: ['degraded', 'PinnedImageSetsDegraded'],
  },
  'a pool that nobody asked images for': {
    expect: [
      'updated',
      `is not in image mode: its nodes are left alone; label it ${LAYERED_LABEL}= to build their image`,
    ],
  },
  'one without nodes': {
    pool: pool({ status: { machineCount: 0 } }),
    expect: [
      'updated',
      `is not in image mode and has no nodes; label it ${LAYERED_LABEL}= to build its image`,
    ],
  },
  'a labelled pool that nobody has answered': {
    pool: pool({ labels: { [LAYERED_LABEL]: '' } }),
    expect: [
      'waiting',
      'waits for its MachineOSConfig, which its label asks for; is varve controller running?',
    ],
  },
  'a label where it means nothing': {
    pool: {
      ...pool({ labels: { [LAYERED_LABEL]: '' } }),
      metadata: { name: 'master', labels: { [LAYERED_LABEL]: '' } },
    },
    expect: [
      'degraded',
      `metadata.labels: ${LAYERED_LABEL} is for worker and custom pools; create a MachineOSConfig named master to build images for pool master`,
    ],
  },
  'a MachineOSConfig that goes': {
    osConfig: { ...osConfig(), metadata: { name: 'worker', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    builds: [build('Building')],
    expect: [
      'updated',
      `is not in image mode: its nodes are left alone; label it ${LAYERED_LABEL}= to build their image`,
    ],
  },
  'no build yet': {
    osConfig: osConfig(),
    expect: ['waiting', 'waits for MachineOSConfig worker to get a build; is varve controller running?'],
  },
  'only a build of an older configuration': {
    osConfig: osConfig(),
    builds: [build('Succeeded', { configuration: 'rendered-worker-0' })],
    expect: ['waiting', 'waits for MachineOSConfig worker to get a build; is varve controller running?'],
  },
  'no build can be made': {
    osConfig: osConfig(),
    pool: pool({
      conditions: { ImageBuildDegraded: 'Failed to build OS image for pool worker: secret "a"' },
    }),
    expect: ['degraded', 'Failed to build OS image for pool worker: secret "a"'],
  },
  'a build that has not begun': {
    osConfig: osConfig(),
    builds: [build()],
    expect: ['waiting', 'waits for build worker-1 to begin'],
  },
  'one that is about to': {
    osConfig: osConfig(),
    builds: [build('Prepared')],
    expect: ['waiting', 'waits for build worker-1 to begin'],
  },
  'one that runs': {
    osConfig: osConfig(),
    builds: [build('Building', { status: { buildStart: '2026-01-01T00:04:30Z' } })],
    expect: ['waiting', 'waits for build worker-1, which has been running for 30s'],
  },
  'one that runs again after a failure, of which the pool still tells': {
    osConfig: osConfig(),
    builds: [build('Building')],
    pool: pool({ conditions: { ImageBuildDegraded: 'Failed to build OS image' } }),
    expect: ['waiting', 'waits for build worker-1'],
  },
  'one with an image, whose next build cannot be made': {
    osConfig: osConfig(IMAGE),
    builds: [build('Succeeded', { status: { digestedImagePushSpec: IMAGE } })],
    pool: pool({
      conditions: { ImageBuildDegraded: 'Failed to build OS image for pool worker: no such registry' },
    }),
    expect: ['degraded', 'Failed to build OS image for pool worker: no such registry'],
  },
  'one that failed, before the pool says so': {
    osConfig: osConfig(),
    builds: [build('Failed', { message: 'Build Failed: cannot reach registry.example.com' })],
    expect: [
      'degraded',
      'build worker-1 failed: cannot reach registry.example.com; varve logs build/worker-1 has its log',
    ],
  },
  'one that was interrupted': {
    osConfig: osConfig(),
    builds: [build('Interrupted', { message: 'Build Interrupted: a person asked for it' })],
    expect: ['waiting', 'build worker-1 was interrupted: a person asked for it'],
  },
  'an image that the registry has not confirmed': {
    osConfig: osConfig(),
    builds: [SUCCEEDED],
    expect: ['waiting', 'waits for the image of build worker-1 to be confirmed'],
  },
  'an image, and a status of before': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ status: { observedGeneration: 2 } }),
    expect: ['waiting', 'has an image; nobody has looked at its nodes yet; is varve controller running?'],
  },
  'an image, and no nodes': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ status: { machineCount: 0, readyMachineCount: 0 } }),
    expect: ['updated', 'its image is built; it has no nodes'],
  },
  'nodes on their way': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ status: { updatedMachineCount: 1 } }),
    expect: ['updating', '1 of 3 nodes run its image'],
  },
  'nodes that stay where they are': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ spec: { paused: true }, status: { updatedMachineCount: 1 } }),
    expect: ['paused', 'is paused (spec.paused): 1 of 3 nodes run its image'],
  },
  'nodes that run it and are not ready': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ status: { updatedMachineCount: 3, readyMachineCount: 2, unavailableMachineCount: 1 } }),
    expect: ['updating', '3 of 3 nodes run its image; 1 not ready'],
  },
  'all is done': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ status: { updatedMachineCount: 3 } }),
    expect: ['updated', 'all 3 nodes run its image'],
  },
  'all is done, with one node': {
    osConfig: osConfig(IMAGE),
    builds: [SUCCEEDED],
    pool: pool({ status: { machineCount: 1, updatedMachineCount: 1, readyMachineCount: 1 } }),
    expect: ['updated', 'its node runs its image'],
  },
};

for (const [name, given] of Object.entries(CASES)) {
  test(`summarizePool(): ${name}`, () => {
    const osConfigs = given.osConfig === undefined ? [] : [given.osConfig];
    const summary = summarizePool(given.pool ?? pool(), osConfigs, given.builds ?? [], NOW);
    assert.deepEqual([summary.state, summary.message], given.expect);
  });
}

test('summarizePool() gives every member, null where there is nothing', () => {
  assert.deepEqual(
    summarizePool(pool({ spec: { configuration: {} }, status: { machineCount: 0 } }), [], [], NOW),
    {
      name: 'worker',
      state: 'waiting',
      message: 'waits for its first rendered configuration; is varve controller running?',
      paused: false,
      rolledBackTo: null,
      configuration: { desired: null, current: null },
      imageMode: false,
      build: null,
      image: null,
      nodes: { total: 0, updated: 0, ready: 3, unavailable: 0, degraded: 0 },
    },
  );
  const { name, state, message, nodes, ...rest } = summarizePool(
    pool({ spec: { paused: true }, status: { configuration: { name: 'rendered-worker-0' } } }),
    [osConfig(IMAGE)],
    [SUCCEEDED],
    NOW,
  );
  assert.deepEqual(rest, {
    paused: true,
    rolledBackTo: null,
    configuration: { desired: 'rendered-worker-1', current: 'rendered-worker-0' },
    imageMode: true,
    build: { name: 'worker-1', state: 'succeeded' },
    image: IMAGE,
  });
  assert.ok(name && state && message && nodes);
});

test('summarizePool() says that a pool was rolled back, and how to go on, unless something is broken', () => {
  const given = pool({ status: { updatedMachineCount: 3 } });
  const annotations = { [ROLLBACK_TO_ANNOTATION]: 'rendered-worker-1' };
  const rolledBack = { ...given, metadata: { ...given.metadata, annotations } };
  const found = summarizePool(rolledBack, [osConfig(IMAGE)], [SUCCEEDED], NOW);
  assert.equal(found.rolledBackTo, 'rendered-worker-1');
  assert.equal(
    found.message,
    'all 3 nodes run its image; it was rolled back to rendered-worker-1, and stays there, whatever its MachineConfigs say, until varve rollback worker --undo',
  );
  const { conditions = [] } = pool({ conditions: { NodeDegraded: 'full' } }).status ?? {};
  const broken = { ...rolledBack, status: { ...rolledBack.status, conditions } };
  assert.equal(summarizePool(broken, [osConfig(IMAGE)], [SUCCEEDED], NOW).message, 'full');
});

test('formatAge() has one unit, and none of them is negative', () => {
  const minute = 60_000;
  const cases = [
    [-5, '0s'],
    [999, '0s'],
    [119_999, '119s'],
    [2 * minute, '2m'],
    [119 * minute, '119m'],
    [120 * minute, '2h'],
    [47 * 60 * minute, '47h'],
    [48 * 60 * minute, '2d'],
  ] as const;
  for (const [milliseconds, text] of cases) assert.equal(formatAge(milliseconds), text);
});
