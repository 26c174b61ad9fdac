import { setTimeout as sleep } from 'node:timers/promises';
import { mustSucceed } from './failed-step.ts';
import type { HostCapabilities } from './host-capabilities.ts';
import { changeHost, type ChangeSteps, type HostChange } from './host-change.ts';
import type { HostDriver, StageRequest } from './host-driver.ts';
import { HostError } from './host-error.ts';
import type { HostRunner } from './host-runner.ts';
import { type HostStatus, isImage } from './host-status.ts';
import { type Deadlines, HostTool, type ToolResult } from './host-tool.ts';
import { formatOriginReference } from './image-reference.ts';
import { readImageArguments, withImageArguments } from './image-arguments.ts';
import {
  applyKernelArguments,
  checkKernelArguments,
  chosenArguments,
  type KernelArgumentChange,
  planKernelArguments,
} from './kernel-arguments.ts';
import { OstreeAdmin } from './ostree-admin.ts';
import { RpmOstreeProgress } from './rpm-ostree-progress.ts';
import { readRpmOstreeStatus } from './rpm-ostree-status.ts';
import * as verbs from './shared-verbs.ts';
import { lackOfStage, refuseLongLine, refuseStage, stageTarget, type StageTarget } from './stage-target.ts';
import { readStatus, type StatusReading } from './status-reading.ts';

/** How often a daemon that does not start is asked again, and after how many milliseconds (host-contract §2.1). */
const DAEMON = { attempts: 10, pause: 1_000 } as const;

const CANCEL_DEADLINE = 30_000;

/** Drives a host with rpm-ostree (host-contract §2). */
export class RpmOstreeDriver implements HostDriver {
  readonly tool = 'rpm-ostree';
  readonly #host: HostRunner;
  readonly #rpmOstree: HostTool;
  readonly #ostree: OstreeAdmin;
  readonly #can: HostCapabilities;
  readonly #deadlines: Deadlines;
  readonly #daemonPause: number;

  constructor(
    host: HostRunner,
    capabilities: HostCapabilities,
    deadlines: Deadlines,
    daemonPause: number = DAEMON.pause,
  ) {
    this.#host = host;
    this.#rpmOstree = new HostTool(host, 'rpm-ostree');
    this.#ostree = new OstreeAdmin(host, capabilities, deadlines);
    this.#can = capabilities;
    this.#deadlines = deadlines;
    this.#daemonPause = daemonPause;
  }

  status(signal?: AbortSignal): Promise<StatusReading> {
    return readStatus('rpm-ostree', async () => {
      for (let attempt = 1; ; attempt++) {
        const result = await this.#rpmOstree.run(['status', '--json'], this.#deadlines.status, signal);
        if (result.ok) return this.#ostree.withLock(readRpmOstreeStatus(result.outcome.stdout));
        // The daemon starts on demand and takes its time; only one that never starts is a failure.
        if (result.failure.class !== 'daemon' || attempt >= DAEMON.attempts) return mustSucceedStatus(result);
        await pause(this.#daemonPause, signal);
      }
    });
  }

  stage(request: StageRequest, signal?: AbortSignal): Promise<HostChange> {
    const target = stageTarget(request);
    const { kernelArguments, locked } = request;
    if (kernelArguments !== undefined) checkKernelArguments(kernelArguments);
    // It carries layered packages over, or fails to.
    const tolerate = [...(request.tolerate ?? []), 'local-changes'] as const;
    return this.#change(
      {
        what: `stage ${request.image}`,
        refuse: (status) => refuseStage('rpm-ostree', status, tolerate),
        lack: async (status) => {
          const again = isImage(status.staged, target.digest);
          const lack = lackOfStage(status, target, locked, again);
          if (lack !== undefined) return lack;
          const plan = await this.#planArguments(kernelArguments, status, signal);
          return isEmpty(plan) ? undefined : `the kernel arguments lack ${JSON.stringify(plan)}`;
        },
        act: (before) => this.#stage(request, target, before, signal),
      },
      signal,
    );
  }

  /** It also drops a finalized deployment that was not booted yet, so it is called only where one is staged. */
  unstage(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(
      verbs.unstageSteps(() => this.#run(['cleanup', '--pending'], signal)),
      signal,
    );
  }

  lock(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.lockSteps(this.#ostree, signal), signal);
  }

  unlock(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.unlockSteps(this.#ostree, signal), signal);
  }

  rollback(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(
      verbs.rollbackSteps(() => this.#run(['rollback'], signal)),
      signal,
    );
  }

  keep(checksum: string, keep: boolean, signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.keepSteps(this.#ostree, checksum, keep, signal), signal);
  }

  cleanUp(what: 'leftovers' | 'rollback', signal?: AbortSignal): Promise<HostChange> {
    const args = ['cleanup', '--base', '--repomd', ...(what === 'rollback' ? ['--rollback'] : [])];
    return this.#change(
      verbs.cleanUpSteps(() => this.#run(args, signal), what),
      signal,
    );
  }

  prepareSoftReboot(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.softRebootSteps(this.#ostree, signal), signal);
  }

  resetSoftReboot(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.resetSoftRebootSteps(this.#ostree, signal), signal);
  }

  #change(steps: ChangeSteps, signal: AbortSignal | undefined): Promise<HostChange> {
    return changeHost('rpm-ostree', () => this.status(signal), steps);
  }

  async #stage(
    request: StageRequest,
    target: StageTarget,
    before: HostStatus,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { kernelArguments, locked } = request;
    const runs = isImage(before.booted, target.digest);
    const there = isImage(before.staged, target.digest);
    // Whatever is pending is what a rebase compares itself with, and what arguments are added to.
    const foreign = before.staged !== undefined ? !there : before.pending !== undefined;
    if (foreign) await this.#run(['cleanup', '--pending'], signal);
    if (!runs && !there) await this.#rebase(request, target, signal);
    const now = await this.status(signal);
    if (now.state !== 'fresh') return;
    // Image first, arguments second: staging an image takes those of the booted deployment (host-contract §1.6).
    const plan = await this.#planArguments(kernelArguments, now.status, signal);
    if (!isEmpty(plan)) await this.#changeArguments(plan, locked, signal);
    const reading = await this.status(signal);
    const staged = reading.state === 'fresh' ? reading.status.staged : undefined;
    if (staged === undefined || staged.locked === locked) return;
    await (locked ? this.#ostree.lock(signal) : this.#ostree.unlock(signal));
  }

  async #rebase(request: StageRequest, target: StageTarget, signal: AbortSignal | undefined): Promise<void> {
    const progress = new RpmOstreeProgress();
    const args = [
      'rebase',
      // Older releases demand it for images; newer ones ignore it (host-contract §2.4).
      '--experimental',
      ...this.#lockOption(request.locked),
      formatOriginReference(target.reference),
    ];
    const onLine = ({ text }: { readonly text: string }): void => {
      const event = progress.read(text);
      if (event !== undefined) request.onProgress?.(event);
    };
    mustSucceed(await this.#transaction(args, this.#deadlines.update, signal, onLine));
  }

  /**
   * What is to be changed of the arguments of the deployment that boots next, which is what rpm-ostree changes: the
   * image's own ones among them, of which it knows nothing.
   */
  async #planArguments(
    change: KernelArgumentChange | undefined,
    { booted, staged }: HostStatus,
    signal: AbortSignal | undefined,
  ): Promise<KernelArgumentChange> {
    const before = booted && (await readImageArguments(this.#host, booted));
    const next = staged === undefined ? before : await readImageArguments(this.#host, staged);
    const wanted = withImageArguments(change, before, next);
    if (isEmpty(wanted)) return wanted;
    const { stdout } = mustSucceed(await this.#rpmOstree.run(['kargs'], this.#deadlines.status, signal));
    // Old releases print a heading before the line.
    const line = stdout.trim().split('\n').at(-1) ?? '';
    const current = chosenArguments(line);
    const plan = planKernelArguments(current, wanted);
    if (!isEmpty(plan)) refuseLongLine(applyKernelArguments(current, plan));
    return plan;
  }

  async #changeArguments(
    { append, remove }: KernelArgumentChange,
    locked: boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const args = [
      'kargs',
      ...(this.#can.rpmOstree?.unchangedExit77 === true ? ['--unchanged-exit-77'] : []),
      ...this.#lockOption(locked),
      ...remove.map((argument) => `--delete-if-present=${argument}`),
      ...append.map((argument) => `--append-if-missing=${argument}`),
    ];
    const result = await this.#transaction(args, this.#deadlines.change, signal);
    if (result.ok || result.failure.class !== 'nothing-to-do') mustSucceed(result);
  }

  #lockOption(locked: boolean): readonly string[] {
    return locked && this.#can.rpmOstree?.lockFinalization === true ? ['--lock-finalization'] : [];
  }

  async #run(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    mustSucceed(await this.#transaction(args, this.#deadlines.change, signal));
  }

  /** The daemon goes on with a transaction whose client was killed: it is told to stop (host-contract §9.2). */
  async #transaction(
    args: readonly string[],
    deadline: number,
    signal: AbortSignal | undefined,
    onLine?: (line: { readonly text: string }) => void,
  ): Promise<ToolResult> {
    const cancel = (): Promise<unknown> => this.#rpmOstree.run(['cancel'], CANCEL_DEADLINE);
    try {
      const more = onLine === undefined ? {} : { onLine };
      const result = await this.#rpmOstree.run(args, deadline, signal, more);
      if (!result.ok && result.failure.cause?.code === 'timed-out') await cancel();
      return result;
    } catch (error) {
      if (error instanceof HostError && error.output !== undefined) await cancel();
      throw error;
    }
  }
}

function isEmpty({ append, remove }: KernelArgumentChange): boolean {
  return append.length === 0 && remove.length === 0;
}

function mustSucceedStatus(result: ToolResult): never {
  mustSucceed(result);
  throw new TypeError('a successful status was taken for a failure');
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new HostError('aborted', 'cannot read the status of rpm-ostree: it is no longer wanted', { cause });
  }
}
