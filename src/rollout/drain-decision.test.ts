import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CORDON_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
  TOPOLOGY_ANNOTATION,
} from '../api/index.ts';
import { decideDrain, drainStart, type DrainPatch, type DrainSurroundings } from './drain-decision.ts';
import type { RolloutNode } from './node-state.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const STARTED = '2026-11-21T11:00:00Z';

interface Facts {
  readonly asked?: string;
  readonly applied?: string;
  readonly cordon?: string;
  readonly started?: string;
  readonly unschedulable?: boolean;
  readonly rebooting?: boolean;
  readonly alone?: boolean;
  readonly state?: string;
  /** `staged desired`, of a node that runs `r@1`. */
  readonly images?: string;
  readonly note?: string;
}

function nodeOf(facts: Facts): RolloutNode {
  const { asked, applied, cordon, started, unschedulable, rebooting, alone, state, images, note } = facts;
  const [staged, desired] = images?.split(' ') ?? [];
  const annotations = Object.entries({
    [DESIRED_DRAIN_ANNOTATION]: asked,
    [LAST_APPLIED_DRAIN_ANNOTATION]: applied,
    [CORDON_ANNOTATION]: cordon,
    [DRAIN_STARTED_ANNOTATION]: started,
    [POST_CONFIG_ACTION_ANNOTATION]: rebooting === true ? 'Rebooting' : undefined,
    [TOPOLOGY_ANNOTATION]: alone === true ? 'SingleReplica' : undefined,
    [STATE_ANNOTATION]: state,
    [STAGED_IMAGE_ANNOTATION]: staged,
    [DESIRED_IMAGE_ANNOTATION]: desired,
    [DESIRED_CONFIG_ANNOTATION]: images === undefined ? undefined : 'b',
    [CURRENT_IMAGE_ANNOTATION]: images === undefined ? undefined : 'r@1',
    [DISRUPTION_ANNOTATION]: note,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    metadata: { name: 'n1', annotations: Object.fromEntries(annotations) },
    ...(unschedulable === true ? { spec: { unschedulable } } : {}),
  };
}

const PERMITTED = { drain: 'permitted', message: 'It is its turn.' } as const;

function surroundings(over: Partial<DrainSurroundings> = {}): DrainSurroundings {
  return { plan: PERMITTED, isOnlyNode: false, impossible: [], now: NOW, ...over };
}

const SHORT: Readonly<Record<string, string>> = {
  [LAST_APPLIED_DRAIN_ANNOTATION]: 'applied',
  [CORDON_ANNOTATION]: 'cordon',
  [DRAIN_STARTED_ANNOTATION]: 'started',
  [POST_CONFIG_ACTION_ANNOTATION]: 'then',
  [STATE_ANNOTATION]: 'state',
};

/** `cordon: applied=drain-b cordon=Own started=-`, and `unschedulable` or `schedulable` where it changes that. */
function said(node: RolloutNode, around: DrainSurroundings): string {
  const step = decideDrain(node, around);
  const patches = Object.entries(step).filter(([key]) => ['patch', 'drained'].includes(key));
  const texts = patches.map(([, patch]) => textOf(patch as DrainPatch));
  const why = step.kind === 'hold' ? ` ${step.reason}` : '';
  const waits = step.kind === 'evict' && step.awaitsAgent ? ' awaits agent' : '';
  const stays = step.kind === 'uncordon' && step.staysCordoned ? ' stays cordoned' : '';
  return `${step.kind}${why}${waits}${stays}${texts.join('')}`;
}

function textOf({ annotations, unschedulable }: DrainPatch): string {
  const parts = Object.entries(annotations).map(([key, value]) => ` ${SHORT[key] ?? key}=${value ?? '-'}`);
  const spec = unschedulable === undefined ? '' : unschedulable ? ' unschedulable' : ' schedulable';
  return `:${parts.toSorted().join('')}${spec}`;
}

const HELD = { plan: { drain: 'held', message: 'The pool is paused.' } } as const;
const NO_POOL = { plan: undefined };
const IMPOSSIBLE = { impossible: ['Pod a/b can never be evicted.'] };

// Contract §3.9, and what it lacks.
const ROWS: Readonly<
  Record<string, readonly [facts: Facts, around: Partial<DrainSurroundings>, expected: string]>
> = {
  'nothing is asked for': [{}, {}, 'nothing'],
  'a word that nobody knows': [{ asked: 'destroy-b' }, {}, 'invalid'],
  'a drain begins with a cordon that is noted as ours': [
    { asked: 'drain-b', applied: 'uncordon-a' },
    {},
    'cordon: applied=- cordon=Own started=2026-11-21T12:00:00Z unschedulable',
  ],
  "a person's cordon is noted as theirs": [
    { asked: 'drain-b', applied: 'uncordon-a', unschedulable: true },
    {},
    'cordon: cordon=Kept started=2026-11-21T12:00:00Z',
  ],
  'what is cordoned is evicted': [
    { asked: 'drain-b', cordon: 'Own', started: STARTED, unschedulable: true },
    {},
    'evict: applied=drain-b started=-',
  ],
  'what was cordoned when it was told is evicted, once its agent has said a word': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Done' },
    {},
    'evict awaits agent: applied=drain-b',
  ],
  'whatever holds others: its drain has begun': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Working' },
    HELD,
    'evict: applied=drain-b',
  ],
  'if a budget allows nothing it is given back before any pod goes': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Done' },
    IMPOSSIBLE,
    'hold DrainImpossible: cordon=- started=2026-11-21T12:00:00Z schedulable',
  ],
  'what is staged and asked for reboots when it is drained': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Done', images: 'r@2 r@2' },
    {},
    'evict awaits agent: applied=drain-b state=Working then=Rebooting',
  ],
  'no pod goes for an agent that has stopped': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Degraded', images: 'q@2 r@2' },
    {},
    'evict awaits agent: applied=drain-b then=Rebooting',
  ],
  'one that stops later goes on': [
    { asked: 'drain-b', cordon: 'Own', started: STARTED, unschedulable: true, state: 'Degraded' },
    {},
    'evict: applied=drain-b started=-',
  ],
  'not if something else is staged': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Working', images: 'r@3 r@2' },
    {},
    'evict: applied=drain-b',
  ],
  'not if it runs already': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Working', images: 'r@1 r@1' },
    {},
    'evict: applied=drain-b',
  ],
  'not if the drain was asked for something else': [
    { asked: 'drain-a', cordon: 'Own', unschedulable: true, state: 'Working', images: 'r@2 r@2' },
    {},
    'evict: applied=drain-a',
  ],
  'not if the change may need no reboot': [
    { asked: 'drain-b', cordon: 'Own', unschedulable: true, state: 'Working', images: 'r@2 r@2', note: '{}' },
    {},
    'evict: applied=drain-b',
  ],
  'drained is drained': [
    { asked: 'drain-b', applied: 'drain-b', cordon: 'Own', unschedulable: true },
    {},
    'nothing',
  ],
  'somebody uncordons in the midst of it: it begins anew': [
    { asked: 'drain-b', cordon: 'Own', started: STARTED },
    {},
    'cordon: started=2026-11-21T12:00:00Z unschedulable',
  ],
  'somebody uncordons what was drained: it does not count as drained any more': [
    { asked: 'drain-b', applied: 'drain-b', cordon: 'Own' },
    {},
    'cordon: applied=- started=2026-11-21T12:00:00Z unschedulable',
  ],
  'a person takes their own cordon back in the midst of it: it is ours now': [
    { asked: 'drain-b', cordon: 'Kept', started: STARTED },
    {},
    'cordon: cordon=Own started=2026-11-21T12:00:00Z unschedulable',
  ],
  'another target before the reboot: what is cordoned is looked at once more': [
    { asked: 'drain-c', applied: 'drain-b', cordon: 'Own', unschedulable: true },
    {},
    'evict: applied=drain-c',
  ],
  'ours is lifted': [
    { asked: 'uncordon-b', applied: 'drain-b', cordon: 'Own', unschedulable: true },
    {},
    'uncordon: applied=uncordon-b cordon=- schedulable',
  ],
  "a person's is not": [
    { asked: 'uncordon-b', applied: 'drain-b', cordon: 'Kept', unschedulable: true },
    {},
    'uncordon stays cordoned: applied=uncordon-b cordon=-',
  ],
  'a cordon without a note is a person’s': [
    { asked: 'uncordon-b', applied: 'drain-b', unschedulable: true },
    {},
    'uncordon stays cordoned: applied=uncordon-b',
  ],
  'uncordoned is uncordoned': [{ asked: 'uncordon-b', applied: 'uncordon-b' }, {}, 'nothing'],
  'a person cordons after it: that is theirs': [
    { asked: 'uncordon-b', applied: 'uncordon-b', unschedulable: true },
    {},
    'nothing',
  ],
  'a person lets what they have cordoned be updated as it is': [
    { asked: 'uncordon-b', applied: 'uncordon-b', cordon: 'Kept', unschedulable: true },
    {},
    'nothing',
  ],
  'which waits for its turn': [
    { asked: 'drain-c', applied: 'uncordon-b', cordon: 'Kept', unschedulable: true },
    HELD,
    'hold DrainHeld',
  ],
  'and is drained then': [
    { asked: 'drain-c', applied: 'uncordon-b', cordon: 'Kept', unschedulable: true },
    {},
    'evict: applied=drain-c',
  ],
  'if no budget makes that impossible': [
    { asked: 'drain-c', applied: 'uncordon-b', cordon: 'Kept', unschedulable: true },
    IMPOSSIBLE,
    'hold DrainImpossible: started=2026-11-21T12:00:00Z',
  ],
  'a mark that means nothing goes': [
    { asked: 'uncordon-b', applied: 'uncordon-b', cordon: 'Own' },
    {},
    'release: cordon=-',
  ],
  'it is not its turn': [{ asked: 'drain-b' }, HELD, 'hold DrainHeld'],
  'there is nothing to drain it for': [
    { asked: 'drain-b' },
    { plan: { drain: 'none', message: 'It runs what it should.' } },
    'hold DrainHeld',
  ],
  'a drain that has begun goes on': [
    { asked: 'drain-b', cordon: 'Own', started: STARTED, unschedulable: true },
    HELD,
    'evict: applied=drain-b started=-',
  ],
  'it is uncordoned, whoever holds its turn': [
    { asked: 'uncordon-b', applied: 'drain-b', cordon: 'Own', unschedulable: true },
    HELD,
    'uncordon: applied=uncordon-b cordon=- schedulable',
  ],
  'a budget that allows nothing spares the node, and time passes': [
    { asked: 'drain-b' },
    IMPOSSIBLE,
    'hold DrainImpossible: started=2026-11-21T12:00:00Z',
  ],
  'the time is noted once': [{ asked: 'drain-b', started: STARTED }, IMPOSSIBLE, 'hold DrainImpossible'],
  'the time goes on when the budget lets go': [
    { asked: 'drain-b', started: STARTED },
    {},
    'cordon: cordon=Own unschedulable',
  ],
  'a budget that comes later holds nothing up that has begun': [
    { asked: 'drain-b', cordon: 'Own', started: STARTED, unschedulable: true },
    IMPOSSIBLE,
    'evict: applied=drain-b started=-',
  ],
  'the only node is cordoned and not drained': [
    { asked: 'drain-b' },
    { isOnlyNode: true },
    'skip: applied=drain-b cordon=Own unschedulable',
  ],
  'so is one that is told that it is alone': [
    { asked: 'drain-b', alone: true },
    {},
    'skip: applied=drain-b cordon=Own unschedulable',
  ],
  'the only node waits for its turn too': [
    { asked: 'drain-b' },
    { isOnlyNode: true, ...HELD },
    'hold DrainHeld',
  ],
  'a node that leaves its pool is released': [
    { asked: 'drain-b', cordon: 'Own', started: STARTED, unschedulable: true },
    NO_POOL,
    'release: cordon=- started=- schedulable',
  ],
  'so is one that was drained already': [
    { asked: 'drain-b', applied: 'drain-b', cordon: 'Own', unschedulable: true },
    NO_POOL,
    'release: applied=- cordon=- schedulable',
  ],
  "a person's cordon stays when its pool goes": [
    { asked: 'drain-b', cordon: 'Kept', started: STARTED, unschedulable: true },
    NO_POOL,
    'release: cordon=- started=-',
  ],
  'a node of no pool is not drained': [{ asked: 'drain-b' }, NO_POOL, 'hold NotInPool'],
  'a node that goes down is left alone': [
    { asked: 'drain-b', applied: 'drain-b', cordon: 'Own', rebooting: true },
    NO_POOL,
    'nothing',
  ],
  'it is uncordoned although its pool is gone': [
    { asked: 'uncordon-b', applied: 'drain-b', cordon: 'Own', unschedulable: true, rebooting: true },
    NO_POOL,
    'uncordon: applied=uncordon-b cordon=- schedulable',
  ],
  'what was asked for is asked for no longer': [
    { cordon: 'Own', started: STARTED, unschedulable: true },
    {},
    'release: cordon=- started=- schedulable',
  ],
};

for (const [row, [facts, around, expected]] of Object.entries(ROWS)) {
  test(`decideDrain(): ${row}`, () => assert.equal(said(nodeOf(facts), surroundings(around)), expected));
}

test('drainStart() is when the drain began, if anybody knows', () => {
  assert.equal(drainStart(nodeOf({ started: STARTED })), Date.UTC(2026, 10, 21, 11, 0, 0));
  assert.equal(drainStart(nodeOf({ started: 'yesterday' })), undefined);
  assert.equal(drainStart(nodeOf({})), undefined);
});

/** The node after a patch. */
function patched(node: RolloutNode, { annotations, unschedulable }: DrainPatch): RolloutNode {
  const kept = Object.entries({ ...node.metadata.annotations, ...annotations }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const isCordoned = unschedulable ?? node.spec?.unschedulable === true;
  return {
    metadata: { ...node.metadata, annotations: Object.fromEntries(kept) },
    spec: { unschedulable: isCordoned },
  };
}

test('whatever agents, people and the rollout do: no cordon of a person is lifted, nothing is drained that is not cordoned, and all comes to rest', () => {
  const config = fc.constantFrom('a', 'b');
  const event = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), verb: fc.constantFrom('drain', 'uncordon'), config }),
    fc.record({ kind: fc.constant('person' as const), cordons: fc.boolean() }),
    fc.record({
      kind: fc.constant('around' as const),
      plan: fc.constantFrom(undefined, PERMITTED, HELD.plan),
      isOnlyNode: fc.boolean(),
      impossible: fc.constantFrom([], ['never']),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      let node = nodeOf({});
      let around = surroundings();
      // Whether the cordon that is there was one before us.
      let isPersons = false;
      for (const happened of events) {
        if (happened.kind === 'ask') {
          node = patched(node, {
            annotations: { [DESIRED_DRAIN_ANNOTATION]: `${happened.verb}-${happened.config}` },
          });
        } else if (happened.kind === 'person') {
          const was = node.spec?.unschedulable === true;
          if (was !== happened.cordons) isPersons = happened.cordons;
          node = patched(node, { annotations: {}, unschedulable: happened.cordons });
        } else {
          around = surroundings({ ...happened });
        }
        let steps = 0;
        for (;;) {
          const step = decideDrain(node, around);
          const patch = step.kind === 'evict' ? step.drained : 'patch' in step ? step.patch : undefined;
          if (patch === undefined) break;
          assert.ok((steps += 1) < 6, 'it does not come to rest');
          if (patch.unschedulable === false) assert.ok(!isPersons, 'a person’s cordon is lifted');
          if (patch.unschedulable === true) isPersons = false;
          node = patched(node, patch);
          const { [LAST_APPLIED_DRAIN_ANNOTATION]: applied = '' } = node.metadata.annotations ?? {};
          if (patch.annotations[LAST_APPLIED_DRAIN_ANNOTATION] !== undefined && applied.startsWith('drain-'))
            assert.equal(node.spec?.unschedulable, true);
          if (step.kind === 'hold') break;
        }
      }
    }),
  );
});

const UPDATED = {
  'machineconfiguration.openshift.io/currentConfig': 'b',
  'machineconfiguration.openshift.io/desiredConfig': 'b',
  'machineconfiguration.openshift.io/currentImage': 'y',
  'machineconfiguration.openshift.io/desiredImage': 'y',
};
const OURS = { 'varve.dev/disruption-lease': '{"holder":"varve/worker"}' };
const TAINTS = [
  { key: 'gpu', effect: 'NoSchedule' },
  { key: 'UpdateInProgress', effect: 'PreferNoSchedule' },
];

/** What uncordoning takes from a node beside its cordon. */
function takenFrom(
  annotations: Readonly<Record<string, string>>,
  ready: string,
): readonly [lease: string | null | undefined, taints: readonly string[] | undefined] {
  const bare = nodeOf({ asked: 'uncordon-b', applied: 'drain-b', cordon: 'Own', unschedulable: true });
  const step = decideDrain(
    {
      metadata: { ...bare.metadata, annotations: { ...bare.metadata.annotations, ...annotations } },
      spec: { ...bare.spec, taints: TAINTS },
      status: { conditions: [{ type: 'Ready', status: ready }] },
    },
    surroundings(),
  );
  assert.equal(step.kind, 'uncordon');
  const { patch } = step;
  return [patch.annotations['varve.dev/disruption-lease'], patch.taints?.map(({ key }) => key)];
}

test('decideDrain() takes lease and taint from a node in the write that uncordons it', () => {
  assert.deepEqual(takenFrom({ ...UPDATED, ...OURS }, 'True'), [null, ['gpu']]);
  // Others may not disrupt it before it is well.
  assert.deepEqual(takenFrom({ ...UPDATED, ...OURS }, 'Unknown'), [undefined, ['gpu']]);
  const others = { 'varve.dev/disruption-lease': '{"holder":"kured"}' };
  assert.deepEqual(takenFrom({ ...UPDATED, ...others }, 'True'), [undefined, ['gpu']]);
  const next = { 'machineconfiguration.openshift.io/desiredImage': 'z' };
  assert.deepEqual(takenFrom({ ...UPDATED, ...OURS, ...next }, 'True'), [undefined, undefined]);
  assert.deepEqual(takenFrom(OURS, 'True'), [undefined, undefined]);
});
