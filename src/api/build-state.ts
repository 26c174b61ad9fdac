import { isConditionTrue } from './conditions.ts';
import type { MachineOSBuild } from './definitions/machine-os-build.ts';

/**
 * How far a build is, as its conditions say (contract §4.7): `none` before there are any, `initial` while all are
 * False, and else the one that is True. `succeeded`, `failed` and `interrupted` are for good.
 */
export type BuildState =
  | 'none'
  | 'initial'
  | 'prepared'
  | 'building'
  | 'succeeded'
  | 'failed'
  | 'interrupted';

/** Ends first: should a foreign client have set two conditions, the build does not run on. */
const STATES = [
  ['Failed', 'failed'],
  ['Interrupted', 'interrupted'],
  ['Succeeded', 'succeeded'],
  ['Building', 'building'],
  ['Prepared', 'prepared'],
] as const;

/** The state of a build. */
export function buildStateOf({ status }: MachineOSBuild): BuildState {
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0) return 'none';
  return STATES.find(([type]) => isConditionTrue(conditions, type))?.[1] ?? 'initial';
}

/** Whether a build has come to its end: nothing about it changes any more. */
export function isTerminalState(state: BuildState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'interrupted';
}
