import { pauseOf } from './aim.ts';
import type { NodePlan } from './rollout-plan.ts';

/**
 * A node's plan once its pool is heard to be paused, and before the next pass has made another one: no drain begins on the word of
 * a plan that is older than the pause. One that has begun goes on (contract §3.2).
 */
export function heldByPause(plan: NodePlan, pool: string): NodePlan {
  if (plan.drain !== 'permitted') return plan;
  const { reason, message } = pauseOf(pool);
  return { ...plan, reason, message, drain: 'held' };
}
