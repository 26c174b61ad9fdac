import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { disposableRendered } from './rendered-retention.ts';
import { build } from './test-builds.ts';
import { pool } from './test-objects.ts';
import type { MachineConfig } from '../api/index.ts';
import type { JsonValue } from '../ignition/index.ts';
import type { RenderedUse } from './rendered-retention.ts';

const ANNOTATIONS = [
  'machineconfiguration.openshift.io/currentConfig',
  'machineconfiguration.openshift.io/desiredConfig',
  'machineconfiguration.openshift.io/firstPivotConfig',
  'varve.dev/rollback-config',
];

const OWNER = { kind: 'MachineConfigPool', name: 'infra', uid: 'uid of infra', controller: true };

/** The `number`th configuration rendered for a pool. */
function rendered(number: number, owner = 'infra'): MachineConfig {
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: {
      name: `rendered-${owner}-${number}`,
      creationTimestamp: new Date(number * 1000).toISOString(),
      ownerReferences: [{ ...OWNER, name: owner, uid: `uid of ${owner}` }],
    },
    spec: {},
  };
}

/** None of these makes a MachineConfig one that was rendered for a pool. */
const STRANGE_OWNERS = [
  null,
  3,
  {},
  { ...OWNER, kind: 'Node' },
  { ...OWNER, controller: false },
  { ...OWNER, name: 7 },
];

function ownedBy(owner: JsonValue): MachineConfig {
  return { ...rendered(1), metadata: { name: 'rendered-infra-x', ownerReferences: [owner] } };
}

const FIVE = [1, 2, 3, 4, 5].map((number) => rendered(number));
const use = (more: Partial<RenderedUse>): RenderedUse => ({
  machineConfigs: FIVE,
  pools: [],
  nodes: [],
  builds: [],
  kept: 2,
  ...more,
});

const SENTENCES: Readonly<Record<string, [Partial<RenderedUse>, string[]]>> = {
  'all but the newest may go': [{}, ['rendered-infra-1', 'rendered-infra-2', 'rendered-infra-3']],
  'the newest stays whatever is asked for': [
    { kept: 0 },
    ['rendered-infra-1', 'rendered-infra-2', 'rendered-infra-3', 'rendered-infra-4'],
  ],
  'what a pool wants stays': [
    { pools: [pool('infra', { configuration: { name: 'rendered-infra-1' } })] },
    ['rendered-infra-2', 'rendered-infra-3'],
  ],
  'what a pool has rolled out stays': [
    { pools: [{ ...pool(), status: { configuration: { name: 'rendered-infra-2' } } }] },
    ['rendered-infra-1', 'rendered-infra-3'],
  ],
  'what a build is of stays': [
    { builds: [build('failed', { machineConfig: 'rendered-infra-3' })] },
    ['rendered-infra-1', 'rendered-infra-2'],
  ],
  'each pool keeps its own': [
    { machineConfigs: [...FIVE, rendered(0, 'other')] },
    ['rendered-infra-1', 'rendered-infra-2', 'rendered-infra-3'],
  ],
  'what nobody rendered stays, whatever its name': [
    {
      machineConfigs: [
        ...FIVE,
        { ...rendered(1), metadata: { name: 'rendered-infra-mine' } },
        { ...rendered(1), metadata: { ...rendered(1).metadata, name: '99-generated' } },
        ...STRANGE_OWNERS.map((owner) => ownedBy(owner)),
      ],
    },
    ['rendered-infra-1', 'rendered-infra-2', 'rendered-infra-3'],
  ],
};

for (const [sentence, [more, expected]] of Object.entries(SENTENCES)) {
  test(`disposableRendered(): ${sentence}`, () => {
    assert.deepEqual(disposableRendered(use(more)), expected);
  });
}

for (const annotation of ANNOTATIONS) {
  test(`disposableRendered(): what a node names in ${annotation} stays`, () => {
    const nodes = [{ metadata: {} }, { metadata: { annotations: { [annotation]: 'rendered-infra-1' } } }];
    assert.deepEqual(disposableRendered(use({ nodes })), ['rendered-infra-2', 'rendered-infra-3']);
  });
}

test('disposableRendered() keeps ten by default', () => {
  const machineConfigs = Array.from({ length: 12 }, (_, number) => rendered(number + 10));
  const { kept: _, ...rest } = use({ machineConfigs });
  assert.deepEqual(disposableRendered(rest), ['rendered-infra-10', 'rendered-infra-11']);
});

test('disposableRendered() never gives up what is in use, and no order of the objects changes its mind', () => {
  const number = fc.integer({ min: 1, max: 9 });
  const orders = fc
    .uniqueArray(number)
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
  fc.assert(
    fc.property(orders, fc.array(number), fc.nat(5), ([all, shuffled], used, kept) => {
      const nodes = used.map((one) => ({
        metadata: { annotations: { [ANNOTATIONS[one % 4]!]: `rendered-infra-${one}` } },
      }));
      const goneOf = (numbers: readonly number[]): readonly string[] =>
        disposableRendered(use({ machineConfigs: numbers.map((one) => rendered(one)), nodes, kept }));
      const gone = goneOf(all);
      for (const one of used) assert.ok(!gone.includes(`rendered-infra-${one}`));
      assert.ok(all.length - gone.length >= Math.min(all.length, Math.max(1, kept)));
      assert.deepEqual(goneOf(shuffled), gone);
    }),
  );
});
