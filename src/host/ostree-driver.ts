import { rm, writeFile } from 'node:fs/promises';
import { kernelArgumentsOf } from './boot-entries.ts';
import { foundFailure } from './classify-failure.ts';
import { FailedStep, mustSucceed } from './failed-step.ts';
import type { HostCapabilities } from './host-capabilities.ts';
import { changeHost, type ChangeSteps, type HostChange } from './host-change.ts';
import type { HostDriver, StageRequest } from './host-driver.ts';
import type { HostFailure } from './host-failure.ts';
import type { HostRunner } from './host-runner.ts';
import { type Deployment, type HostStatus, isImage } from './host-status.ts';
import { type Deadlines, HostTool } from './host-tool.ts';
import { type ImageArguments, readImageArguments, withImageArguments } from './image-arguments.ts';
import { ImageImport, MANIFEST_DIGEST } from './image-import.ts';
import type { ImageSource } from './image-source.ts';
import {
  applyKernelArguments,
  checkKernelArguments,
  compareKernelArguments,
  planKernelArguments,
  splitKernelArguments,
} from './kernel-arguments.ts';
import { formatOrigin, readOrigin } from './origin-file.ts';
import { OstreeAdmin } from './ostree-admin.ts';
import { ostreeStatus } from './ostree-status.ts';
import * as verbs from './shared-verbs.ts';
import { lackOfStage, refuseLongLine, refuseStage, stageTarget, type StageTarget } from './stage-target.ts';
import { readStatus, type StatusReading } from './status-reading.ts';

/** Where the origin of a deployment to come is handed over: no name that it is used under later. */
const ORIGIN_FILE = '/run/varve-origin';

/**
 * Drives a host of an ostree distribution that has neither bootc nor rpm-ostree: images are fetched layer by layer
 * and become commits (host-contract §3, §5). It knows no packages, and no signatures but those of its image source.
 */
export class OstreeDriver implements HostDriver {
  readonly tool = 'ostree';
  readonly #host: HostRunner;
  readonly #ostree: HostTool;
  readonly #admin: OstreeAdmin;
  readonly #images: ImageImport;
  readonly #deadlines: Deadlines;
  /** Commits do not change: the digest of the image that one was made from is asked for once. */
  readonly #digests = new Map<string, string>();

  constructor(host: HostRunner, capabilities: HostCapabilities, source: ImageSource, deadlines: Deadlines) {
    this.#host = host;
    this.#ostree = new HostTool(host, 'ostree');
    this.#admin = new OstreeAdmin(host, capabilities, deadlines);
    this.#images = new ImageImport(host, source, deadlines);
    this.#deadlines = deadlines;
  }

  status(signal?: AbortSignal): Promise<StatusReading> {
    return readStatus('ostree', async () => {
      const ranked = [];
      for (const one of await this.#admin.list(signal)) {
        ranked.push({ ...one, deployment: await this.#withImage(one.deployment, signal) });
      }
      return this.#admin.withLock(ostreeStatus(ranked));
    });
  }

  stage(request: StageRequest, signal?: AbortSignal): Promise<HostChange> {
    const target = stageTarget(request);
    const { kernelArguments, locked, tolerate } = request;
    if (kernelArguments !== undefined) checkKernelArguments(kernelArguments);
    return this.#change(
      {
        what: `stage ${request.image}`,
        refuse: (status) => refuseStage('ostree', status, tolerate),
        lack: async (status) => {
          const wanted = await this.#wantedArguments(request, target, status);
          const lack = lackOfStage(status, target, locked, wanted.changed);
          if (lack !== undefined || status.staged === undefined) return lack;
          return (await this.#isStagedWith(status.staged, wanted))
            ? undefined
            : 'its kernel arguments differ';
        },
        act: (before) => this.#stage(request, target, before, signal),
      },
      signal,
    );
  }

  /** Its commit is there then, and no deployment of it. */
  fetch(image: string, signal?: AbortSignal): Promise<HostChange> {
    stageTarget({ image, locked: true });
    let fetched = false;
    return this.#change(
      {
        what: `pull ${image}`,
        lack: () => (fetched ? undefined : 'it may not be there'),
        act: async () => {
          await this.#images.import(image, await this.#deployed(signal), undefined, signal);
          fetched = true;
        },
      },
      signal,
    );
  }

  unstage(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(
      verbs.unstageSteps((staged) => this.#admin.undeploy(staged, signal)),
      signal,
    );
  }

  lock(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.lockSteps(this.#admin, signal), signal);
  }

  unlock(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.unlockSteps(this.#admin, signal), signal);
  }

  /** Older releases cannot; staging the earlier image again, whose layers are all there, does what it would do. */
  rollback(signal?: AbortSignal): Promise<HostChange> {
    const steps = verbs.rollbackSteps((rollback) => this.#admin.setDefault(rollback, signal));
    return this.#change(
      {
        ...steps,
        act: async (before) => {
          if (before.staged !== undefined) await this.#admin.undeploy(before.staged, signal);
          await steps.act(before);
        },
      },
      signal,
    );
  }

  keep(checksum: string, keep: boolean, signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.keepSteps(this.#admin, checksum, keep, signal), signal);
  }

  cleanUp(what: 'leftovers' | 'rollback', signal?: AbortSignal): Promise<HostChange> {
    const clean = async (rollback: Deployment | undefined): Promise<void> => {
      if (what === 'rollback' && rollback !== undefined) await this.#admin.undeploy(rollback, signal);
      await this.#images.forgetAllBut(await this.#deployed(signal), [], signal);
      await this.#admin.cleanUp(signal);
    };
    return this.#change(verbs.cleanUpSteps(clean, what), signal);
  }

  prepareSoftReboot(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.softRebootSteps(this.#admin, signal), signal);
  }

  resetSoftReboot(signal?: AbortSignal): Promise<HostChange> {
    return this.#change(verbs.resetSoftRebootSteps(this.#admin, signal), signal);
  }

  /** The commits of all deployments. */
  async #deployed(signal: AbortSignal | undefined): Promise<readonly string[]> {
    return (await this.#admin.list(signal)).flatMap(({ deployment }) => deployment.checksum ?? []);
  }

  #change(steps: ChangeSteps, signal: AbortSignal | undefined): Promise<HostChange> {
    return changeHost('ostree', () => this.status(signal), steps);
  }

  /** What ostree does not tell of a deployment stands in its origin and in its commit. */
  async #withImage(deployment: Deployment, signal: AbortSignal | undefined): Promise<Deployment> {
    const { checksum = '' } = deployment;
    const origin = await readOrigin(this.#host, deployment);
    const changed = { ...deployment, incompatible: origin.incompatible };
    if (origin.reference === undefined) return { ...changed, origin: origin.refspec ?? deployment.origin };
    if (!this.#digests.has(checksum)) {
      const found = await this.#images.metadata(checksum, MANIFEST_DIGEST, signal);
      // What could not be read may be read the next time.
      if (found !== undefined) this.#digests.set(checksum, found);
    }
    const { version } = deployment;
    const digest = this.#digests.get(checksum);
    const unknown = { timestamp: undefined, architecture: undefined };
    return { ...changed, image: { reference: origin.reference, digest, version, ...unknown } };
  }

  async #stage(
    request: StageRequest,
    target: StageTarget,
    before: HostStatus,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { booted, staged } = before;
    const wanted = await this.#wantedArguments(request, target, before);
    const runs = isImage(booted, target.digest) && !wanted.changed;
    const there = isImage(staged, target.digest) && (await this.#isStagedWith(staged, wanted));
    if (runs && staged !== undefined && !there) {
      await this.#admin.undeploy(staged, signal);
      return;
    }
    if (!runs && !there) {
      const deployed = await this.#deployed(signal);
      const ref = await this.#images.import(request.image, deployed, request.onProgress, signal);
      const brings = await this.#images.kernelArguments(ref, signal);
      request.onProgress?.({ phase: 'staging', message: 'Staging', bytes: undefined, steps: undefined });
      const wanted = await this.#planArguments(request, before, brings);
      await this.#deploy(ref, target, before, wanted, request.locked, signal);
    }
    // Releases differ in what staging does to the lock of what was staged before.
    const reading = await this.status(signal);
    const isLocked = reading.state === 'fresh' && reading.status.staged?.locked;
    if (request.locked && isLocked !== true) await this.#admin.lock(signal);
    if (!request.locked && isLocked !== false) await this.#admin.unlock(signal);
  }

  async #deploy(
    ref: string,
    target: StageTarget,
    { booted }: HostStatus,
    { changed, line }: WantedArguments,
    locked: boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    refuseLongLine(line);
    const lockOptions = locked ? await this.#admin.lockNext(signal) : [];
    const file = `${this.#host.root}${ORIGIN_FILE}`;
    await writeFile(file, formatOrigin(target.reference, line.join(' ')), { mode: 0o644 });
    try {
      const args = [
        'admin',
        'deploy',
        '--stage',
        // Pruning walks all objects; `cleanUp` does it when nobody waits.
        '--no-prune',
        ...lockOptions,
        `--os=${booted?.stateroot ?? ''}`,
        `--origin-file=${ORIGIN_FILE}`,
        // Of several to delete ostree 2022.7 deletes the last only: the whole line is given, or all is inherited.
        ...(changed ? ['--karg-none', ...line.map((argument) => `--karg-append=${argument}`)] : []),
        ref,
      ];
      mustSucceed(await this.#ostree.run(args, this.#deadlines.update, signal));
    } catch (error) {
      if (locked) await this.#admin.forgetLock();
      throw error;
    } finally {
      await rm(file, { force: true });
    }
  }

  /** What the deployment is to have that a status shows: one of the target, or what runs. */
  async #wantedArguments(
    request: StageRequest,
    target: StageTarget,
    status: HostStatus,
  ): Promise<WantedArguments> {
    const { booted, staged } = status;
    const there = isImage(staged, target.digest) ? staged : booted;
    return this.#planArguments(request, status, there && (await readImageArguments(this.#host, there)));
  }

  /** What is to be changed of the booted deployment's arguments, which are what a new one inherits. */
  async #planArguments(
    { kernelArguments }: StageRequest,
    { booted }: HostStatus,
    brings: ImageArguments,
  ): Promise<WantedArguments> {
    const current = booted && (await kernelArgumentsOf(this.#host, booted));
    // What is not known cannot be given anew: the machine would not find its disks.
    if (current === undefined) throw new FailedStep(noBootEntry(booted));
    const before = booted && (await readImageArguments(this.#host, booted));
    const plan = planKernelArguments(current, withImageArguments(kernelArguments, before, brings));
    const changed = plan.append.length > 0 || plan.remove.length > 0;
    return { changed, line: applyKernelArguments(current, plan) };
  }

  /** Whether what is staged got these arguments; what another tool staged did not, as far as can be told. */
  async #isStagedWith(staged: Deployment | undefined, { line }: WantedArguments): Promise<boolean> {
    if (staged === undefined) return false;
    const { kernelArguments } = await readOrigin(this.#host, staged);
    if (kernelArguments === undefined) return false;
    const { missing, surplus } = compareKernelArguments(line, splitKernelArguments(kernelArguments));
    return missing.length === 0 && surplus.length === 0;
  }
}

function noBootEntry(booted: Deployment | undefined): HostFailure {
  const name = `${booted?.checksum ?? 'none'}.${booted?.serial ?? ''}`;
  const message = `cannot read the kernel arguments: no entry in /boot/loader/entries is for the booted deployment ${name}`;
  return foundFailure('unreadable', 'ostree', message);
}

interface WantedArguments {
  readonly changed: boolean;
  readonly line: readonly string[];
}
