export { countNodes } from './node-counts.ts';
export { PoolMembers } from './pool-members.ts';
export type { NodeCounts } from './node-counts.ts';
export type { NodeTarget } from './node-state.ts';
