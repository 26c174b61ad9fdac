import { access, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { foundFailure } from './classify-failure.ts';
import { FailedStep, mustSucceed } from './failed-step.ts';
import type { HostCapabilities, OstreeCapabilities } from './host-capabilities.ts';
import type { HostRunner } from './host-runner.ts';
import type { Deployment, HostStatus } from './host-status.ts';
import { type Deadlines, HostTool } from './host-tool.ts';
import { type IndexedDeployment, readOstreeDeployments, readOstreeDeploymentsText } from './ostree-status.ts';

/** Locks finalization by being there, in every release; newer ones also write it (host-contract §3.4). */
const LOCK_MARKER = '/run/ostree/staged-deployment-locked';

/** There while something is staged. */
const STAGED = '/run/ostree/staged-deployment';

/**
 * What all drivers need of `ostree admin`: bootc and rpm-ostree have no verb to lock a staged deployment, and bootc
 * none to drop it. Each method fails by a `FailedStep`.
 */
export class OstreeAdmin {
  readonly #runner: HostRunner;
  readonly #tool: HostTool;
  readonly #can: OstreeCapabilities | undefined;
  readonly #deadlines: Deadlines;

  constructor(runner: HostRunner, capabilities: HostCapabilities, deadlines: Deadlines) {
    this.#runner = runner;
    this.#tool = new HostTool(runner, 'ostree');
    this.#can = capabilities.ostree;
    this.#deadlines = deadlines;
  }

  /** The deployments in boot order. */
  async list(signal: AbortSignal | undefined): Promise<readonly IndexedDeployment[]> {
    const json = this.#can?.jsonStatus === true;
    const args = ['admin', 'status', ...(json ? ['--json'] : [])];
    const { stdout } = mustSucceed(await this.#tool.run(args, this.#deadlines.status, signal));
    return json ? readOstreeDeployments(stdout) : readOstreeDeploymentsText(stdout);
  }

  /** A status with the lock that only a marker file holds, which not every tool tells. */
  async withLock(status: HostStatus): Promise<HostStatus> {
    const { staged } = status;
    if (staged === undefined || staged.locked || !(await this.#isThere(LOCK_MARKER))) return status;
    return { ...status, staged: { ...staged, locked: true } };
  }

  /** Keeps what is staged from being finalized at the next shutdown. */
  async lock(signal: AbortSignal | undefined): Promise<void> {
    if (this.#can?.lockFinalization === true) {
      await this.#change(['admin', 'lock-finalization'], signal);
      return;
    }
    // The folder is there while something is staged.
    await this.#mark(signal);
  }

  /**
   * Has what is staged next be locked from its first moment on, where ostree can do that; the answer is for its command line.
   * What is staged already is locked by it too.
   */
  async lockNext(signal: AbortSignal | undefined): Promise<readonly string[]> {
    switch (this.#can?.lockedStaging) {
      case 'option':
        return ['--lock-finalization'];
      case 'marker': {
        const folder = new HostTool(this.#runner, 'mkdir');
        const args = ['-p', '--', dirname(LOCK_MARKER)];
        mustSucceed(await folder.run(args, this.#deadlines.change, signal));
        await this.#mark(signal);
        return [];
      }
      case 'none':
      case undefined:
        return [];
    }
  }

  /** Removes the marker where nothing came to be staged: whoever stages next would wonder. */
  async forgetLock(): Promise<void> {
    if (await this.#isThere(STAGED)) return;
    await rm(`${this.#runner.root}${LOCK_MARKER}`, { force: true }).catch(() => {});
  }

  /** Lets the next shutdown finalize what is staged. Either of the two locks would keep it from that. */
  async unlock(signal: AbortSignal | undefined): Promise<void> {
    if (this.#can?.lockFinalization === true) {
      await this.#change(['admin', 'lock-finalization', '-u'], signal);
    }
    const remove = new HostTool(this.#runner, 'rm');
    mustSucceed(await remove.run(['-f', '--', LOCK_MARKER], this.#deadlines.change, signal));
  }

  /** Removes a deployment. Its index is read at once before: every removal shifts them. */
  async undeploy(deployment: Deployment, signal: AbortSignal | undefined): Promise<void> {
    await this.#change(['admin', 'undeploy', `${await this.#indexOf(deployment, signal)}`], signal);
  }

  /** Makes a deployment the boot loader's default. */
  async setDefault(deployment: Deployment, signal: AbortSignal | undefined): Promise<void> {
    if (this.#can?.setDefault !== true) throw unsupported('ostree cannot set which deployment boots');
    await this.#change(['admin', 'set-default', `${await this.#indexOf(deployment, signal)}`], signal);
  }

  /** Keeps a deployment from being removed by later ones. */
  async pin(deployment: Deployment, pinned: boolean, signal: AbortSignal | undefined): Promise<void> {
    const index = await this.#indexOf(deployment, signal);
    await this.#change(['admin', 'pin', ...(pinned ? [] : ['--unpin']), `${index}`], signal);
  }

  /** Removes what no deployment needs: orphaned directories, objects, kernels. */
  async cleanUp(signal: AbortSignal | undefined): Promise<void> {
    await this.#change(['admin', 'cleanup'], signal);
  }

  /** Prepares that the next reboot is one of the user space only. */
  async prepareSoftReboot(deployment: Deployment, signal: AbortSignal | undefined): Promise<void> {
    if (this.#can?.softReboot !== true) throw unsupported('ostree cannot prepare a soft reboot');
    await this.#change(
      ['admin', 'prepare-soft-reboot', `${await this.#indexOf(deployment, signal)}`],
      signal,
    );
  }

  /** Undoes the preparation: without that, every reboot would be a soft one (host-contract §7.1). */
  async resetSoftReboot(signal: AbortSignal | undefined): Promise<void> {
    if (this.#can?.softReboot !== true) return;
    await this.#change(['admin', 'prepare-soft-reboot', '--reset'], signal);
  }

  async #change(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    mustSucceed(await this.#tool.run(args, this.#deadlines.change, signal));
  }

  async #indexOf(wanted: Deployment, signal: AbortSignal | undefined): Promise<number> {
    const found = (await this.list(signal)).find(({ deployment: { checksum, serial, stateroot } }) => {
      const sameRoot = wanted.stateroot === undefined || stateroot === wanted.stateroot;
      return checksum === wanted.checksum && serial === wanted.serial && sameRoot;
    });
    if (found !== undefined) return found.index;
    const name = `${wanted.checksum ?? 'of no checksum'}.${wanted.serial ?? ''}`;
    throw new FailedStep(
      foundFailure('not-shown', 'ostree', `cannot change deployment ${name}: it is gone from the host`),
    );
  }

  #isThere(path: string): Promise<boolean> {
    return access(`${this.#runner.root}${path}`).then(
      () => true,
      () => false,
    );
  }

  async #mark(signal: AbortSignal | undefined): Promise<void> {
    const touch = new HostTool(this.#runner, 'touch');
    mustSucceed(await touch.run(['--', LOCK_MARKER], this.#deadlines.change, signal));
  }
}

function unsupported(message: string): FailedStep {
  return new FailedStep(foundFailure('unsupported', 'ostree', message));
}
