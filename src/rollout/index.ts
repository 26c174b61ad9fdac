export { cordoning, cordonOf, uncordons } from './cordon.ts';
export { countNodes } from './node-counts.ts';
export { permitsPool, readPermits, writePermits } from './permits.ts';
export { PoolMembers } from './pool-members.ts';
export { rolloutPolicy } from './rollout-policy.ts';
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
