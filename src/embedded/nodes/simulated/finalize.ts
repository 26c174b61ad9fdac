import { join } from 'node:path';
import { withNewDeployment, writeBootEntries } from './boot-loader.ts';
import {
  isMarkedLocked,
  STAGED_LOCK_MARKER,
  STAGED_RECORD,
  stagedDeployment,
  type StagedDeployment,
  treeOf,
} from './deployment.ts';
import { mergeEtc } from './etc-merge.ts';
import { Faults, type Phase } from './faults.ts';
import { copyTree, removeTree, replaceFile } from './files.ts';
import { MachineJournal } from './journal.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';
import { Killed } from './tool-error.ts';

const UNIT = 'ostree-finalize-staged.service';
const STARTED = 'e8646cd63dff4625b77909a8e7a40994';
const COMPLETED = 'dd440e3e549083b63d0efc7dc15255f1';
const MERGED = 'd3863baec13e4449ab0384684a8af3a7';

/** What a finalization that failed leaves for the next boot (host-contract §3.4). */
export const FAILURE_STAMP = 'boot/ostree/finalize-failure.stamp';

/**
 * What a clean shutdown does with what is staged (host-contract §3.4): the record goes first, then /etc is merged, then it boots
 * next. What goes wrong is left for the next boot to tell.
 *
 * @throws Killed when the power goes meanwhile
 */
export function finalizeStaged(machine: MachineFolder): void {
  const staged = stagedDeployment(machine);
  if (staged === undefined) return;
  const journal = new MachineJournal(machine);
  journal.write(UNIT, 'Finalizing staged deployment', STARTED);
  if (staged.locked || isMarkedLocked(machine)) {
    journal.write(UNIT, 'Not finalizing; deployment is locked for finalization');
    return;
  }
  removeTree(machine.at(STAGED_RECORD));
  removeTree(machine.at(STAGED_LOCK_MARKER));
  try {
    finalize(machine, staged, journal);
  } catch (error) {
    if (error instanceof Killed) throw error;
    const message = error instanceof Error ? error.message : String(error);
    journal.write(UNIT, `error: ${message}`);
    if (!(error instanceof Unstamped)) replaceFile(machine.at(FAILURE_STAMP), message);
  }
}

/** A failure after which there is no room, or no time, for the stamp. */
class Unstamped extends Error {}

function finalize(machine: MachineFolder, staged: StagedDeployment, journal: MachineJournal): void {
  const faults = new Faults(machine);
  strike(faults, 'finalize');
  if (faults.take('finalize-timeout') !== undefined) {
    journal.write('init.scope', `${UNIT}: Stopping timed out. Terminating.`);
    return;
  }
  const failure = faults.take('finalize-failure');
  if (failure !== undefined)
    throw failure.stamp ? new Error(failure.message) : new Unstamped(failure.message);
  if (faults.take('disk-full', ({ phase }) => phase === 'finalize') !== undefined) {
    throw new Unstamped('Installing kernel: regfile copy: No space left on device');
  }
  const from = treeOf(machine, { name: staged.merge });
  const to = treeOf(machine, staged);
  removeTree(join(to, 'etc'));
  copyTree(join(to, 'usr/etc'), join(to, 'etc'));
  try {
    const { modified, removed, added } = mergeEtc(join(from, 'usr/etc'), join(from, 'etc'), join(to, 'etc'));
    journal.write(
      UNIT,
      `Copying /etc changes: ${modified.length} modified, ${removed.length} removed, ${added.length} added`,
      MERGED,
    );
  } catch (error) {
    throw new Error(`During /etc merge: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  strike(faults, 'merged');
  const { locked: _, merge, ...deployment } = staged;
  writeBootEntries(machine, withNewDeployment(machine, deployment, merge));
  // What has to be brought up to date after an update is so at the next boot.
  removeTree(machine.at(`sysroot/ostree/deploy/${STATEROOT}/var/.updated`));
  journal.write(UNIT, 'Finalized deployment', COMPLETED);
  strike(faults, 'finalized');
}

function strike(faults: Faults, here: Phase): void {
  if (faults.take('power-cut', ({ phase }) => phase === here) !== undefined)
    throw new Killed('the power is gone');
}
