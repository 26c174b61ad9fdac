import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import { GENERATED_BY_ANNOTATION, ROLE_LABEL } from '../api/index.ts';
import type { Change } from '../kube/index.ts';
import { poolsOfMachineConfig, poolsOfPool, poolsOfRendered } from './render-triggers.ts';
import { machineConfig, pool, testView, withFile } from './test-view.ts';

const RENDERED = 'rendered-infra-1';
const view = testView({
  pools: [
    pool('worker', { machineConfigSelector: { matchLabels: { [ROLE_LABEL]: 'worker' } } }),
    pool('infra', { configuration: { name: RENDERED } }),
    pool('gpu'),
    pool('none', { machineConfigSelector: {} }),
  ],
});

function updated<T>(old: T, object: T): Change<T> {
  return { type: 'updated', old, object };
}

/** The same object with other metadata. */
function noted(given: MachineConfig, metadata: Partial<MachineConfig['metadata']>): MachineConfig {
  return { ...given, metadata: { ...given.metadata, ...metadata } };
}

const motd = noted(machineConfig('50-motd', 'infra', withFile('/etc/motd', 'x')), { generation: 1 });
const ofWorkers = machineConfig('50-motd', 'worker');
const owner = { kind: 'MachineConfigPool', name: 'infra', uid: 'uid-infra', controller: true };
const rendered = noted(machineConfig(RENDERED, 'infra'), { labels: {}, ownerReferences: [owner] });

// Contract §2.1.
const SOURCES: Readonly<Record<string, [Change<MachineConfig>, readonly string[]]>> = {
  'one is added': [{ type: 'added', object: motd }, ['infra']],
  'one of the workers is added': [{ type: 'added', object: ofWorkers }, ['worker', 'infra', 'gpu']],
  'one is deleted': [{ type: 'deleted', object: motd }, ['infra']],
  'its spec changes': [updated(motd, noted(motd, { generation: 2 })), ['infra']],
  'it moves to another pool': [
    updated(motd, noted(motd, { labels: { [ROLE_LABEL]: 'gpu' } })),
    ['infra', 'gpu'],
  ],
  'a controller claims it': [
    updated(motd, noted(motd, { annotations: { [GENERATED_BY_ANNOTATION]: 'x' } })),
    ['infra'],
  ],
  'nothing of it changes that counts': [
    updated(motd, noted(motd, { annotations: { note: 'x' }, resourceVersion: '2' })),
    [],
  ],
  'a server does not count changes': [updated(ofWorkers, ofWorkers), ['worker', 'infra', 'gpu']],
  'no pool selects it': [{ type: 'added', object: machineConfig('50-x', 'other') }, []],
  'it is a rendered one': [{ type: 'added', object: rendered }, []],
};

for (const [name, [change, expected]] of Object.entries(SOURCES)) {
  test(`poolsOfMachineConfig(): ${name}`, () =>
    assert.deepEqual(poolsOfMachineConfig(view, change), expected));
}

const RESULTS: Readonly<Record<string, [Change<MachineConfig>, readonly string[]]>> = {
  'the one in force is edited': [updated(rendered, noted(rendered, { generation: 2 })), ['infra']],
  'the one in force is deleted': [{ type: 'deleted', object: rendered }, ['infra']],
  'one has been made': [{ type: 'added', object: rendered }, []],
  'an old one is deleted': [{ type: 'deleted', object: noted(rendered, { name: 'rendered-infra-0' }) }, []],
  'it is none': [{ type: 'deleted', object: motd }, []],
};

for (const [name, [change, expected]] of Object.entries(RESULTS)) {
  test(`poolsOfRendered(): ${name}`, () => assert.deepEqual(poolsOfRendered(view, change), expected));
}

const ALL = ['worker', 'infra', 'gpu', 'none'];
const onTen = { osImageStream: { name: 'rhel-10' } };
const POOLS: Readonly<Record<string, [Change<MachineConfigPool>, readonly string[]]>> = {
  'one is added': [{ type: 'added', object: pool('infra') }, ['infra']],
  'one is deleted': [{ type: 'deleted', object: pool('infra') }, ['infra']],
  'its selector changes': [
    updated(pool('infra'), pool('infra', { machineConfigSelector: { matchLabels: { a: 'b' } } })),
    ['infra'],
  ],
  'its stream changes': [updated(pool('infra'), pool('infra', onTen)), ['infra']],
  'the stream of the workers changes': [updated(pool('worker'), pool('worker', onTen)), ALL],
  'the workers come with a stream': [{ type: 'added', object: pool('worker', onTen) }, ALL],
  'the workers lose it': [updated(pool('worker', onTen), pool('worker')), ALL],
  'it is paused': [updated(pool('infra'), pool('infra', { paused: true })), []],
  'it is given a configuration': [
    updated(pool('infra'), pool('infra', { configuration: { name: 'x' } })),
    [],
  ],
};

for (const [name, [change, expected]] of Object.entries(POOLS)) {
  test(`poolsOfPool(): ${name}`, () => assert.deepEqual(poolsOfPool(view, change), expected));
}
