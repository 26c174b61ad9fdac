import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldByPause } from './pause-heard.ts';
import type { NodePlan } from './rollout-plan.ts';

const PLAN: NodePlan = {
  name: 'n1',
  progress: 'updating',
  reason: 'Draining',
  message: 'Node n1 is to be drained',
  drain: 'permitted',
};

test('heldByPause() takes back the permission that is older than the pause, and says why', () => {
  assert.deepEqual(heldByPause(PLAN, 'worker'), {
    ...PLAN,
    reason: 'PoolPaused',
    message: 'MachineConfigPool worker is paused: set spec.paused to false to go on',
    drain: 'held',
  });
});

test('heldByPause() leaves a plan that permits nothing as it is', () => {
  for (const drain of ['none', 'held'] as const) {
    const plan = { ...PLAN, drain };
    assert.equal(heldByPause(plan, 'worker'), plan);
  }
});
