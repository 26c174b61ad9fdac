import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetsOf, explainBudget, neverEvictable, type DrainBudget } from './drain-budgets.ts';
import type { DrainPod } from './drain-pods.ts';

function pod(more: Partial<DrainPod['metadata']> = {}, ready = 'True', phase = 'Running'): DrainPod {
  return {
    metadata: { name: 'web-0', namespace: 'shop', labels: { app: 'web' }, ...more },
    status: { phase, conditions: [{ type: 'Ready', status: ready }] },
  };
}

function budget(
  spec: NonNullable<DrainBudget['spec']>,
  status: NonNullable<DrainBudget['status']> = {},
  name = 'web',
): DrainBudget {
  return {
    metadata: { name, namespace: 'shop', generation: 1 },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    status: { observedGeneration: 1, ...status },
  };
}

const FULL = { expectedPods: 3, desiredHealthy: 3, currentHealthy: 3, disruptionsAllowed: 0 };
const NEVER = 'Pod shop/web-0 can never be evicted: PodDisruptionBudget shop/web';

const ROWS: Readonly<
  Record<string, readonly [pod: DrainPod, budgets: readonly DrainBudget[], expected: string | undefined]>
> = {
  'no budget': [pod(), [], undefined],
  'a budget of others': [pod({ labels: { app: 'db' } }), [budget({ maxUnavailable: 0 })], undefined],
  'a budget of another namespace': [pod({ namespace: 'b' }), [budget({ maxUnavailable: 0 })], undefined],
  'none may be away': [
    pod(),
    [budget({ maxUnavailable: 0 })],
    `${NEVER} has maxUnavailable 0; allow 1 at least.`,
  ],
  'no share may be away': [
    pod(),
    [budget({ maxUnavailable: '0%' })],
    `${NEVER} has maxUnavailable 0%; allow 1 at least.`,
  ],
  'all have to be there': [
    pod(),
    [budget({ minAvailable: '100%' })],
    `${NEVER} has minAvailable 100%; allow 1 pod at least to be away.`,
  ],
  'as many have to be there as are wanted': [
    pod(),
    [budget({ minAvailable: 3 }, FULL)],
    `${NEVER} needs 3 healthy pods of the 3 that are wanted; lower minAvailable, or run more of them.`,
  ],
  'others are away now, and come back': [
    pod(),
    [budget({ minAvailable: 2 }, { ...FULL, desiredHealthy: 2, currentHealthy: 2 })],
    undefined,
  ],
  'the budget has changed since somebody reckoned': [
    pod(),
    [budget({ minAvailable: 1 }, { ...FULL, observedGeneration: 0 })],
    undefined,
  ],
  'a pod that is not ready is let go, or may be': [
    pod({}, 'False'),
    [budget({ maxUnavailable: 0 })],
    undefined,
  ],
  'a pod that has run to its end': [pod({}, 'True', 'Failed'), [budget({ maxUnavailable: 0 })], undefined],
  'a pod that ends': [
    pod({ deletionTimestamp: '2026-11-21T12:00:00Z' }),
    [budget({ maxUnavailable: 0 })],
    undefined,
  ],
  'two budgets': [
    pod(),
    [budget({ minAvailable: 1 }, {}, 'b'), budget({ minAvailable: 1 }, {}, 'a')],
    'Pod shop/web-0 is selected by 2 PodDisruptionBudgets, a and b, and the API evicts no such pod: let one of them select it.',
  ],
};

for (const [row, [found, budgets, expected]] of Object.entries(ROWS)) {
  test(`neverEvictable(): ${row}`, () => assert.equal(neverEvictable(found, budgets), expected));
}

test('explainBudget() has the numbers of the refusal where a cache is behind', () => {
  const cached = budget({ minAvailable: 2 }, { desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 });
  const said = 'The disruption budget web needs 2 healthy pods and has 2 currently';
  const name = 'PodDisruptionBudget shop/web';
  assert.equal(
    explainBudget(cached, said),
    `${name}, which allows 0 disruptions now: it needs 2 healthy pods and has 2`,
  );
  assert.equal(
    explainBudget(cached),
    `${name}, which allows 0 disruptions now: it needs 2 healthy pods and has 3`,
  );
  assert.equal(
    explainBudget({ metadata: cached.metadata }, said),
    `${name}, which allows 0 disruptions now: it needs 2 healthy pods and has 2`,
  );
  assert.equal(explainBudget({ metadata: cached.metadata }), `${name}, of which nothing is known yet`);
  const conditions = [{ type: 'DisruptionAllowed', reason: 'SyncFailed', message: 'no controller' }];
  assert.equal(
    explainBudget(budget({}, { conditions })),
    `${name}, which cannot be reckoned with: no controller`,
  );
});

test('budgetsOf() takes a budget without a selector for one of no pod', () => {
  assert.deepEqual(budgetsOf(pod(), [{ metadata: { name: 'all', namespace: 'shop' }, spec: {} }]), []);
});
