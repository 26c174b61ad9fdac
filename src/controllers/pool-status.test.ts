import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import { API_VERSION, findCondition } from '../api/index.ts';
import { renderCondition } from '../machineconfig/index.ts';
import type { NodeCounts } from '../rollout/index.ts';
import { isProgressAlone, poolStatusPatch, poolTarget, type PoolStatusInput } from './pool-status.ts';
import { image, pool } from './test-view.ts';

const NOW = new Date(Date.UTC(2026, 0, 1));
const LATER = new Date(Date.UTC(2026, 0, 2));
const CONFIGURATION = { name: 'rendered-infra-1', source: [{ name: '50-motd' }] };
const infra = pool('infra', { configuration: CONFIGURATION });
const DONE: NodeCounts = { total: 3, updated: 3, ready: 3, unavailable: 0, degraded: [] };
const HALF: NodeCounts = { total: 3, updated: 1, ready: 1, unavailable: 1, degraded: [] };
const RENDERED = { render: renderCondition('infra'), buildProblem: '' };

const osConfig: MachineOSConfig = {
  apiVersion: API_VERSION,
  kind: 'MachineOSConfig',
  metadata: { name: 'infra' },
  spec: {
    machineConfigPool: { name: 'infra' },
    imageBuilder: { imageBuilderType: 'Job' },
    renderedImagePushSecret: { name: 'push' },
    renderedImagePushSpec: 'registry.example.com/os:latest',
  },
};

function patchOf(more: Partial<PoolStatusInput> = {}): ReturnType<typeof poolStatusPatch> {
  return poolStatusPatch({ pool: infra, nodes: DONE, finding: RENDERED, now: NOW, ...more });
}

/** The pool after this write, as a merge patch has it. */
function after(given: MachineConfigPool, patch: ReturnType<typeof poolStatusPatch>): MachineConfigPool {
  const { osImageStream, ...status } = { ...given.status, ...patch };
  return {
    ...given,
    status: (osImageStream === null || osImageStream === undefined
      ? status
      : { ...status, osImageStream }) as NonNullable<MachineConfigPool['status']>,
  };
}

function said(given: MachineConfigPool, type: string): string {
  const found = findCondition(given.status?.conditions, type);
  return `${found?.status ?? 'absent'} ${found?.reason ?? ''}: ${found?.message ?? ''}`;
}

test('isProgressAlone() holds of a patch that says how far nodes are, and of no other', () => {
  const started = after(infra, patchOf({ nodes: HALF }));
  const more = patchOf({ pool: started, nodes: { ...HALF, updated: 2, ready: 2 }, now: LATER });
  assert.deepEqual(more, { updatedMachineCount: 2, readyMachineCount: 2 });
  assert.ok(isProgressAlone(more));
  const degraded = { ...HALF, degraded: [{ name: 'n1', reason: 'why' }] };
  assert.equal(isProgressAlone(patchOf({ pool: started, nodes: degraded }) ?? {}), false);
  assert.equal(isProgressAlone(patchOf({ pool: started, nodes: DONE }) ?? {}), false, 'the end');
  assert.equal(isProgressAlone(patchOf({ pool: started, nodes: { ...HALF, total: 4 } }) ?? {}), false);
});

test('poolStatusPatch() writes everything once, and then nothing', () => {
  const first = patchOf();
  assert.equal(first?.observedGeneration, 1);
  assert.equal(first.machineCount, 3);
  assert.equal(first.updatedMachineCount, 3);
  assert.equal(first.readyMachineCount, 3);
  assert.equal(first.unavailableMachineCount, 0);
  assert.equal(first.degradedMachineCount, 0);
  assert.deepEqual(first.configuration, CONFIGURATION);
  const written = after(infra, first);
  assert.equal(patchOf({ pool: written, now: LATER }), undefined);
});

test('poolStatusPatch() names only what changes', () => {
  const written = after(infra, patchOf());
  const unavailable = { ...DONE, ready: 2, unavailable: 1 };
  const patch = patchOf({ pool: written, nodes: unavailable, now: LATER });
  assert.deepEqual(Object.keys(patch ?? {}).sort(), [
    'conditions',
    'readyMachineCount',
    'unavailableMachineCount',
  ]);
  const conditions = after(written, patch).status?.conditions;
  assert.equal(findCondition(conditions, 'Updated')?.lastTransitionTime, '2026-01-02T00:00:00Z');
  assert.equal(findCondition(conditions, 'NodeDegraded')?.lastTransitionTime, '2026-01-01T00:00:00Z');
});

test('poolStatusPatch() keeps the configuration of before until all nodes have the new one', () => {
  const before = { name: 'rendered-infra-0', kind: 'MachineConfig' };
  const given = { ...infra, status: { configuration: before } };
  assert.equal(patchOf({ pool: given, nodes: HALF })?.configuration, undefined);
  assert.deepEqual(patchOf({ pool: given })?.configuration, { ...CONFIGURATION, kind: null });
});

test('poolStatusPatch() has the conditions of nodes and builds follow how rendering went', () => {
  const finding = { render: renderCondition('infra', new Error('why')), buildProblem: '' };
  const written = after(infra, patchOf({ finding }));
  assert.equal(said(written, 'RenderDegraded'), 'True : Failed to render configuration for pool infra: why');
  assert.equal(said(written, 'Degraded'), 'True : Failed to render configuration for pool infra: why');
  const corrected = after(written, patchOf({ pool: written }));
  assert.equal(said(corrected, 'RenderDegraded'), 'False : ');
  assert.equal(said(corrected, 'Degraded'), 'False : ');
});

test('poolStatusPatch() leaves alone what nobody has looked at since the start', () => {
  const finding = { render: renderCondition('infra', new Error('why')), buildProblem: 'no push secret' };
  const written = after(infra, patchOf({ finding, osConfig }));
  assert.equal(
    said(written, 'ImageBuildDegraded'),
    'True BuildFailed: Failed to build OS image for pool infra: no push secret',
  );
  assert.equal(patchOf({ pool: written, finding: {}, osConfig }), undefined);
});

test('poolStatusPatch() lets conditions stand that are not its own', () => {
  const foreign = { type: 'Foreign', status: 'True', reason: 'x', message: '' };
  const given = { ...infra, status: { conditions: [foreign] } };
  assert.equal(said(after(given, patchOf({ pool: given })), 'Foreign'), 'True x: ');
});

// Contract §3.7.
const STREAMS: Readonly<Record<string, [Partial<PoolStatusInput>, unknown]>> = {
  'all nodes have it': [{ stream: 'rhel-9' }, { name: 'rhel-9' }],
  'some nodes have not': [{ stream: 'rhel-9', nodes: HALF }, undefined],
  'the pool is degraded': [
    { stream: 'rhel-9', finding: { render: renderCondition('infra', new Error('why')), buildProblem: '' } },
    undefined,
  ],
  'it is of none': [{}, undefined],
  'it is of none any more': [{ pool: { ...infra, status: { osImageStream: { name: 'rhel-9' } } } }, null],
  'it was of another one': [
    { pool: { ...infra, status: { osImageStream: { name: 'rhel-9' } } }, stream: 'rhel-10' },
    { name: 'rhel-10' },
  ],
};

for (const [name, [more, expected]] of Object.entries(STREAMS)) {
  test(`poolStatusPatch() says which stream the nodes' image is of: ${name}`, () => {
    assert.deepEqual(patchOf(more)?.osImageStream, expected);
  });
}

test('poolTarget() is the configuration, or the build in force with the image that nodes are given', () => {
  const build: MachineOSBuild = {
    apiVersion: API_VERSION,
    kind: 'MachineOSBuild',
    metadata: { name: 'infra-1' },
    spec: {
      machineConfig: { name: 'rendered-infra-1' },
      machineOSConfig: { name: 'infra' },
      renderedImagePushSpec: 'registry.example.com/os:infra-1',
    },
  };
  const served = { ...osConfig, status: { currentImagePullSpec: image('os', '5') } };
  assert.deepEqual(poolTarget(infra, undefined, undefined), { machineConfig: 'rendered-infra-1' });
  assert.equal(poolTarget(pool('infra'), undefined, undefined), undefined);
  assert.equal(poolTarget(infra, osConfig, undefined), undefined);
  assert.equal(poolTarget(infra, osConfig, build), undefined);
  assert.equal(poolTarget(infra, served, undefined), undefined);
  assert.deepEqual(poolTarget(infra, served, build), {
    machineConfig: 'rendered-infra-1',
    image: image('os', '5'),
  });
});
