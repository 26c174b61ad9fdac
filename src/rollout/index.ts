export { cordonOf } from './cordon.ts';
export { countNodes } from './node-counts.ts';
export { countPlaces, permitsPool, readPermits, writePermits } from './permits.ts';
export { PoolMembers } from './pool-members.ts';
export type { Cordon } from './cordon.ts';
export type { NodeCounts } from './node-counts.ts';
export type { NodeCondition, NodeTaint, NodeTarget, RolloutNode } from './node-state.ts';
export type { Permit, Permits } from './permits.ts';
export type {
  NodeIntent,
  NodePlan,
  NodeReason,
  PoolPlan,
  RolloutIntent,
  RolloutPlan,
} from './rollout-plan.ts';
export type { PolicyReading, RolloutPolicy } from './rollout-policy.ts';
export type { ControlPlaneMember, ImageChange, NodeSnapshot, PeerPool, RolloutSnapshot } from './snapshot.ts';
export { budgetsOf, explainBudget, neverEvictable } from './drain-budgets.ts';
export { decideDrain, drainStart } from './drain-decision.ts';
export { drainPolicy } from './drain-policy.ts';
export { daemonSetOf, mayStay, podName } from './drain-pods.ts';
export { describeDuration, drainProgress, isDrainLate } from './drain-progress.ts';
export type { DrainBudget } from './drain-budgets.ts';
export type { DrainPatch, DrainStep } from './drain-decision.ts';
export type { DrainPolicy } from './drain-policy.ts';
export type { DrainPod } from './drain-pods.ts';
export type { DrainProgress, PodEnd } from './drain-progress.ts';
export { nodePatch } from './node-patch.ts';
export { planRollout } from './plan-rollout.ts';
export { releasedNode } from './released-node.ts';
export type { NodePatch } from './node-patch.ts';
export type { ReleasedNode } from './released-node.ts';
export { primaryPool } from './primary-pool.ts';
export { heldByPause } from './pause-heard.ts';
