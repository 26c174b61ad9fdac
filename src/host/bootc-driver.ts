import { readBootcStatus } from './bootc-status.ts';
import { readBootcProgress } from './bootc-progress.ts';
import { foundFailure } from './classify-failure.ts';
import { FailedStep, mustSucceed } from './failed-step.ts';
import type { HostCapabilities } from './host-capabilities.ts';
import { changeHost, type ChangeSteps, type HostChange } from './host-change.ts';
import type { HostDriver, StageRequest } from './host-driver.ts';
import type { HostRunner } from './host-runner.ts';
import { type Deployment, isImage } from './host-status.ts';
import { type Deadlines, HostTool } from './host-tool.ts';
import { checkKernelArguments } from './kernel-arguments.ts';
import { OstreeAdmin } from './ostree-admin.ts';
import * as verbs from './shared-verbs.ts';
import { lackOfStage, refuseStage, stageTarget } from './stage-target.ts';
import { readStatus, type StatusReading } from './status-reading.ts';

/** Owns our kernel arguments in the boot entries (host-contract §4.3). */
const SOURCE = 'varve';

/** Drives a host with bootc (host-contract §1). */
export class BootcDriver implements HostDriver {
  readonly tool = 'bootc';
  readonly #bootc: HostTool;
  readonly #ostree: OstreeAdmin;
  readonly #can: HostCapabilities;
  readonly #deadlines: Deadlines;

  constructor(host: HostRunner, capabilities: HostCapabilities, deadlines: Deadlines) {
    this.#bootc = new HostTool(host, 'bootc');
    this.#ostree = new OstreeAdmin(host, capabilities, deadlines);
    this.#can = capabilities;
    this.#deadlines = deadlines;
  }

  status(signal?: AbortSignal): Promise<StatusReading> {
    return readStatus('bootc', async () => {
      const args = ['status', '--format=json', '--format-version=1'];
      const { stdout } = mustSucceed(await this.#bootc.run(args, this.#deadlines.status, signal));
      return this.#ostree.withLock(readBootcStatus(stdout));
    });
  }

  stage(request: StageRequest, signal?: AbortSignal): Promise<HostChange> {
    const target = stageTarget(request);
    const { kernelArguments, locked, tolerate } = request;
    if (kernelArguments !== undefined) checkKernelArguments(kernelArguments);
    // What a source asks for is not told before the boot; setting it again changes nothing.
    let argumentsSet = kernelArguments === undefined;
    return this.#change(
      {
        what: `stage ${request.image}`,
        refuse: (status) => refuseStage('bootc', status, tolerate),
        lack: (status) =>
          argumentsSet ? lackOfStage(status, target, locked, false) : 'the kernel arguments are not set',
        act: async ({ booted, staged }) => {
          const runs = isImage(booted, target.digest);
          // A switch to what runs would make a second deployment of it.
          if (runs && staged !== undefined && !isImage(staged, target.digest)) {
            await this.#ostree.undeploy(staged, signal);
          } else if (!runs && !isImage(staged, target.digest)) {
            await this.#switch(request, signal);
          }
          if (kernelArguments !== undefined) {
            await this.#setArguments(kernelArguments.append, signal);
            argumentsSet = true;
            if (runs) await this.#refuseForeign(kernelArguments.remove, signal);
          }
          await this.#setLock(locked, signal);
        },
      },
      signal,
    );
  }

  unstage(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(
      verbs.unstageSteps((staged) => this.#ostree.undeploy(staged, signal)),
      signal,
    );
  }

  lock(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.lockSteps(this.#ostree, signal), signal);
  }

  unlock(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.unlockSteps(this.#ostree, signal), signal);
  }

  /** A second call of bootc's verb would undo it: it is called only where nothing is queued. */
  rollback(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(
      verbs.rollbackSteps(() => this.#run(['rollback'], this.#deadlines.change, signal)),
      signal,
    );
  }

  keep(checksum: string, keep: boolean, signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.keepSteps(this.#ostree, checksum, keep, signal), signal);
  }

  cleanUp(what: 'leftovers' | 'rollback', signal?: AbortSignal): Promise<HostChange> {
    const clean = async (rollback: Deployment | undefined): Promise<void> => {
      if (what === 'rollback' && rollback !== undefined) await this.#ostree.undeploy(rollback, signal);
      // It also forgets layers of images that are gone; the verb is hidden, and may one day be so entirely.
      const result = await this.#bootc.run(['internals', 'cleanup'], this.#deadlines.change, signal);
      if (!result.ok && result.failure.class === 'usage') await this.#ostree.cleanUp(signal);
      else mustSucceed(result);
    };
    return this.#change(verbs.cleanUpSteps(clean, what), signal);
  }

  prepareSoftReboot(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.softRebootSteps(this.#ostree, signal), signal);
  }

  resetSoftReboot(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.resetSoftRebootSteps(this.#ostree, signal), signal);
  }

  #change(steps: ChangeSteps, signal: AbortSignal | undefined): Promise<HostChange> {
    return changeHost('bootc', () => this.status(signal), steps);
  }

  async #switch(request: StageRequest, signal: AbortSignal | undefined): Promise<void> {
    const can = this.#can.bootc;
    const { enforceSignature, image, locked, onProgress } = request;
    if (enforceSignature === true && can?.signaturePolicy !== true) {
      throw unsupported('bootc cannot enforce a signature policy');
    }
    const progress = onProgress !== undefined && can?.progress === true;
    const args = [
      'switch',
      ...(enforceSignature === true ? ['--enforce-container-sigpolicy'] : []),
      // Without it there is a short time in which a shutdown would apply what is staged (host-contract §1.2).
      ...(locked && can?.switchDownloadOnly === true ? ['--download-only'] : []),
      ...(progress ? ['--progress-fd=3'] : []),
      image,
    ];
    const result = await this.#bootc.run(args, this.#deadlines.update, signal, {
      background: true,
      progress,
      onLine: ({ stream, text }) => {
        const event = stream === 'progress' ? readBootcProgress(text) : undefined;
        if (event !== undefined) onProgress?.(event);
      },
    });
    mustSucceed(result);
  }

  async #setArguments(wanted: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    if (this.#can.bootc?.loaderEntries !== true) {
      throw unsupported(
        'bootc cannot set kernel arguments that are not the image’s own: it has no loader-entries',
      );
    }
    const args = ['loader-entries', 'set-options-for-source', '--source', SOURCE];
    // Absent, the source is dropped.
    const options = wanted.length === 0 ? [] : ['--options', wanted.join(' ')];
    await this.#run([...args, ...options], this.#deadlines.change, signal);
  }

  /**
   * Arguments of Varve's own are gone once others are set. Where nothing came to be staged by that they are somebody else's,
   * which bootc takes away by no verb.
   *
   * @throws {FailedStep} `unsupported`
   */
  async #refuseForeign(unwanted: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    if (unwanted.length === 0) return;
    const reading = await this.status(signal);
    if (reading.state !== 'fresh' || reading.status.staged !== undefined) return;
    throw unsupported(
      `bootc cannot take ${unwanted.join(' ')} off the kernel command line: it was not set there for Varve`,
    );
  }

  /** Staging anew drops the lock, so it is set last, and only where something is staged. */
  async #setLock(locked: boolean, signal: AbortSignal | undefined): Promise<void> {
    const reading = await this.status(signal);
    const staged = reading.state === 'fresh' ? reading.status.staged : undefined;
    if (staged === undefined || staged.locked === locked) return;
    await (locked ? this.#ostree.lock(signal) : this.#ostree.unlock(signal));
  }

  async #run(args: readonly string[], deadline: number, signal: AbortSignal | undefined): Promise<void> {
    mustSucceed(await this.#bootc.run(args, deadline, signal));
  }
}

function unsupported(message: string): FailedStep {
  return new FailedStep(foundFailure('unsupported', 'bootc', message));
}
