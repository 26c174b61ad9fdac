import assert from 'node:assert/strict';
import type { RolloutPlan } from './rollout-plan.ts';
import type { RolloutSnapshot } from './snapshot.ts';

/** Laws that every plan keeps, whatever the snapshot. */
export function checkPlan(snapshot: RolloutSnapshot, plan: RolloutPlan): void {
  const { pool, nodes } = snapshot;
  assert.deepEqual(
    plan.nodes.map(({ name }) => name),
    nodes.map(({ node }) => node.metadata.name).sort(),
  );
  for (const { message } of [...plan.nodes, plan.pool])
    assert.ok(message.length > 0 && !/undefined|NaN/.test(message), message);
  if (pool.spec.paused === true) {
    const begun = plan.intents.filter(
      (intent) => intent.kind === 'assign' || (intent.kind === 'permit' && intent.granted.length > 0),
    );
    assert.deepEqual(begun, [], 'a paused pool');
  }
}
