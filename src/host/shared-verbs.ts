import { foundFailure } from './classify-failure.ts';
import { FailedStep } from './failed-step.ts';
import type { ChangeSteps } from './host-change.ts';
import { allDeployments, type Deployment, type HostStatus } from './host-status.ts';
import type { OstreeAdmin } from './ostree-admin.ts';

/** The changes that `ostree admin` makes whichever tool staged the deployment. */

/** @throws {FailedStep} `nothing-staged` */
function stagedOf(status: HostStatus): Deployment {
  if (status.staged !== undefined) return status.staged;
  throw new FailedStep(
    foundFailure('nothing-staged', status.tool, 'cannot change what is staged: nothing is'),
  );
}

export function lockSteps(ostree: OstreeAdmin, signal: AbortSignal | undefined): ChangeSteps {
  return {
    what: 'lock what is staged',
    lack: (status) => (stagedOf(status).locked ? undefined : 'it is not locked'),
    act: () => ostree.lock(signal),
  };
}

export function unlockSteps(ostree: OstreeAdmin, signal: AbortSignal | undefined): ChangeSteps {
  return {
    what: 'unlock what is staged',
    lack: (status) => (stagedOf(status).locked ? 'it is locked' : undefined),
    act: () => ostree.unlock(signal),
  };
}

export function unstageSteps(drop: (staged: Deployment) => Promise<void>): ChangeSteps {
  return {
    what: 'drop what is staged',
    lack: ({ staged }) => (staged === undefined ? undefined : 'a deployment is staged'),
    act: (before) => drop(stagedOf(before)),
  };
}

/** The rollback becomes what boots next, told by its commit. */
export function rollbackSteps(act: (rollback: Deployment) => Promise<void>): ChangeSteps {
  let wanted: Deployment | undefined;
  return {
    what: 'roll the host back',
    refuse: (status) => {
      // Where it is queued already, there is nothing that would have to be one.
      wanted = status.pending ?? status.rollback;
      if (wanted !== undefined) return undefined;
      return foundFailure(
        'no-rollback',
        status.tool,
        'cannot roll the host back: it has no other deployment',
      );
    },
    lack: ({ pending, staged }) => {
      if (staged !== undefined) return 'a deployment is staged and would boot instead';
      return pending?.checksum === wanted?.checksum ? undefined : 'it is not what boots next';
    },
    act: async (before) => {
      if (before.pending === undefined) await act(stagedOf({ ...before, staged: before.rollback }));
    },
  };
}

export function keepSteps(
  ostree: OstreeAdmin,
  checksum: string,
  keep: boolean,
  signal: AbortSignal | undefined,
): ChangeSteps {
  // What is staged cannot be pinned (host-contract §3.5).
  const find = (status: HostStatus): Deployment | undefined =>
    allDeployments({ ...status, staged: undefined }).find((deployment) => deployment.checksum === checksum);
  return {
    what: `${keep ? 'keep' : 'let go of'} the deployment ${checksum}`,
    refuse: (status) => {
      if (!keep || find(status) !== undefined) return undefined;
      const message = `cannot keep the deployment ${checksum}: the host does not have it`;
      return foundFailure('no-rollback', status.tool, message);
    },
    lack: (status) => {
      if ((find(status)?.pinned ?? false) === keep) return undefined;
      return keep ? 'it is not pinned' : 'it is pinned';
    },
    act: async (before) => {
      const deployment = find(before);
      if (deployment !== undefined) await ostree.pin(deployment, keep, signal);
    },
  };
}

export function cleanUpSteps(
  act: (rollback: Deployment | undefined) => Promise<void>,
  what: 'leftovers' | 'rollback',
): ChangeSteps {
  let acted = false;
  return {
    what: what === 'rollback' ? 'remove the rollback deployment' : 'clean up',
    lack: ({ rollback }) => {
      if (!acted) return 'nothing was cleaned up';
      return what === 'rollback' && rollback !== undefined && !rollback.pinned
        ? 'it is still there'
        : undefined;
    },
    act: async ({ rollback }) => {
      acted = true;
      await act(rollback?.pinned === true ? undefined : rollback);
    },
  };
}

export function softRebootSteps(ostree: OstreeAdmin, signal: AbortSignal | undefined): ChangeSteps {
  let prepared = false;
  return {
    what: 'prepare a soft reboot',
    refuse: ({ staged, tool }) => {
      if (staged?.softRebootCapable !== false) return undefined;
      const message =
        'cannot prepare a soft reboot: what is staged has another kernel, initramfs or arguments';
      return foundFailure('no-soft-reboot', tool, message);
    },
    // Only ostree tells what is prepared; its command fails where it cannot.
    lack: (status) => (prepared || stagedOf(status).softRebootPrepared ? undefined : 'it is not prepared'),
    act: async (before) => {
      await ostree.prepareSoftReboot(stagedOf(before), signal);
      prepared = true;
    },
  };
}

export function resetSoftRebootSteps(ostree: OstreeAdmin, signal: AbortSignal | undefined): ChangeSteps {
  let reset = false;
  return {
    what: 'undo a prepared soft reboot',
    lack: () => (reset ? undefined : 'it may be prepared'),
    act: async () => {
      await ostree.resetSoftReboot(signal);
      reset = true;
    },
  };
}
