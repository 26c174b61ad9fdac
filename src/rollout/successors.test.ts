import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permits } from './permits.ts';
import type { RolloutPlan } from './rollout-plan.ts';
import {
  type Facts,
  granted,
  intentsOf,
  nodePlan,
  NOW,
  PERMIT,
  plan,
  type PoolFacts,
} from './test-rollout.ts';

const OLD = { config: 'a', image: 'x' };
const NEW = { config: 'b', image: 'y' };
const DONE: Facts = { ...NEW, name: 'n1', toldBefore: 5 };
const GOING: Facts = { name: 'n1', config: 'a→b', image: 'x→y', state: 'Working', toldBefore: 5 };

function old(name: string, more: Partial<Facts> = {}): Facts {
  return { ...OLD, name, ...more };
}

/** `n2 is to take n1's place`. */
const AFTER: Permits = { n2: { id: PERMIT, since: NOW - 60_000, after: 'n1' } };

/** Who follows whom, as it is to be written: `n2 n1`. */
function followers(found: RolloutPlan): readonly string[] {
  return intentsOf(found, 'permit').flatMap(({ permits }) =>
    Object.entries(permits).flatMap(([name, { after }]) => (after === undefined ? [] : [`${name} ${after}`])),
  );
}

function told(found: RolloutPlan): readonly string[] {
  return intentsOf(found, 'assign').map(({ node, permit }) => `${node} ${permit ?? ''}`);
}

test('successors() names who takes the places of nodes that are on their way, one for each', () => {
  assert.deepEqual(followers(plan([GOING, old('n2'), old('n3')])), ['n2 n1']);
  const nodes = [old('n1'), old('n2'), old('n3'), old('n4'), old('n5')];
  const first = plan(nodes, { maxUnavailable: 2 });
  assert.deepEqual(granted(first), ['n1', 'n2'], 'whose turn it is at once');
  assert.deepEqual(followers(first), ['n3 n1', 'n4 n2']);
});

test('successors() names none of nodes that are watched before others follow, nor in the control plane', () => {
  const nodes = [GOING, old('n2')];
  const of = (facts: PoolFacts): readonly string[] => followers(plan(nodes, facts));
  assert.deepEqual(of({ annotations: { 'varve.dev/soak': '1m' } }), []);
  assert.deepEqual(of({ name: 'master' }), []);
  assert.deepEqual(of({}), ['n2 n1']);
  const controlPlane = ['n1', 'n2', 'm3'].map((node) => ({ node, isHealthy: true }));
  assert.deepEqual(followers(plan(nodes, {}, { controlPlane })), []);
});

test('successors() leaves a node that has its turn its own place, though it waits to be told', () => {
  const permits: Permits = { n2: { id: PERMIT, since: NOW - 60_000 } };
  const found = plan([GOING, old('n2'), old('n3')], { permits, maxUnavailable: 1 });
  assert.equal(nodePlan(found, 'n2').reason, 'MaxUnavailable');
  const written = intentsOf(found, 'permit')[0]?.permits;
  assert.deepEqual([written?.['n2']?.after, written?.['n3']?.after], [undefined, 'n1']);
});

test('planRollout() tells a successor what to run as soon as its predecessor serves, without a write of the pool before', () => {
  const found = plan([DONE, old('n2')], { permits: AFTER });
  assert.deepEqual(told(found), [`n2 ${PERMIT}`]);
  assert.deepEqual(intentsOf(found, 'permit'), [], 'nobody needs that yet');
});

test('planRollout() takes a successor for one that waits while its predecessor is on its way', () => {
  for (const facts of [GOING, { ...DONE, notReadyFor: 1 }, { ...GOING, state: 'Degraded' }]) {
    const found = plan([facts, old('n2')], { permits: AFTER });
    assert.deepEqual(told(found), []);
    assert.equal(nodePlan(found, 'n2').progress, facts.state === 'Degraded' ? 'stuck' : 'waiting');
  }
  const more = plan([GOING, old('n2')], { permits: AFTER, maxUnavailable: 2 });
  assert.deepEqual(granted(more), ['n2'], 'another place is free');
});

test('planRollout() has a successor wait for what would keep any other node from its turn', () => {
  const reason = (facts: Partial<Facts>, others: readonly Facts[] = [], pool: PoolFacts = {}): string => {
    const found = plan([DONE, old('n2', facts), ...others], { ...pool, permits: AFTER });
    assert.deepEqual(
      told(found).filter((text) => text.startsWith('n2')),
      [],
    );
    return nodePlan(found, 'n2').reason;
  };
  assert.equal(reason({ unschedulable: true }), 'CordonedByPerson');
  assert.equal(reason({ notReadyFor: 1 }), 'NotReady');
  const lease = { 'varve.dev/disruption-lease': '{"holder":"kured"}' };
  assert.equal(reason({ annotations: lease }), 'LeaseHeld');
  assert.equal(reason({}, [old('n3', { notReadyFor: 1 })]), 'MaxUnavailable');
  assert.equal(reason({}, [], { maxUnavailable: 'many' }), 'PolicyInvalid');
  const failed: Facts = { ...GOING, name: 'n3', state: 'Degraded', toldBefore: 20 };
  assert.equal(
    reason({}, [failed], { maxUnavailable: 3, annotations: { 'varve.dev/failure-budget': '1' } }),
    'FailureBudgetSpent',
  );
});

test('planRollout() goes on with a successor that was told, whatever becomes of its predecessor', () => {
  const going: Facts = {
    ...GOING,
    name: 'n2',
    annotations: { 'varve.dev/cordon': 'Own' },
    unschedulable: true,
  };
  const found = plan([{ ...DONE, notReadyFor: 1 }, going], { permits: AFTER });
  assert.equal(nodePlan(found, 'n2').drain, 'permitted');
});

test('planRollout() takes out permits of nodes that are done when somebody needs that, and when all are', () => {
  const two: Permits = { ...AFTER, n2: { id: PERMIT, since: NOW - 60_000, after: 'n1' } };
  const last = plan([DONE, { ...DONE, name: 'n2' }], { permits: two });
  assert.deepEqual(intentsOf(last, 'permit')[0]?.permits, {}, 'all are');
  // What the pool wants has changed since: it needs another turn.
  const again = plan(
    [
      { ...DONE, config: 'c', image: 'z' },
      { ...GOING, name: 'n2' },
    ],
    { permits: AFTER },
  );
  assert.deepEqual(Object.keys(intentsOf(again, 'permit')[0]?.permits ?? {}), ['n2']);
  assert.deepEqual(followers(again), [], 'whom nobody goes before any more');
});
