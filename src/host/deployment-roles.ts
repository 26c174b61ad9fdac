import type { Deployment, HostStatus } from './host-status.ts';

/** A deployment of a list in boot order: what would boot first stands first. */
export interface RankedDeployment {
  readonly deployment: Deployment;
  readonly booted: boolean;
  readonly staged: boolean;
}

/**
 * Names the roles of a list in boot order. Of the booted stateroot, what is neither booted nor staged is pending when
 * it stands before the booted one, and the first after it is the rollback. With nothing booted, the first of all is
 * what would boot.
 */
export function deploymentRoles(
  ranked: readonly RankedDeployment[],
): Pick<HostStatus, 'booted' | 'staged' | 'pending' | 'rollback' | 'others'> {
  const bootedAt = ranked.findIndex((entry) => entry.booted);
  const booted = ranked[bootedAt]?.deployment;
  const idle = ranked.filter((entry) => !entry.booted && !entry.staged);
  const kin = idle.filter((entry) => booted === undefined || entry.deployment.stateroot === booted.stateroot);
  const pending = kin.find((entry) => booted === undefined || ranked.indexOf(entry) < bootedAt);
  const rollback = kin.find((entry) => booted !== undefined && ranked.indexOf(entry) > bootedAt);
  return {
    booted,
    staged: ranked.find((entry) => entry.staged)?.deployment,
    pending: pending?.deployment,
    rollback: rollback?.deployment,
    others: idle.filter((entry) => entry !== pending && entry !== rollback).map((entry) => entry.deployment),
  };
}
