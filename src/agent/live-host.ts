import { stat } from 'node:fs/promises';
import {
  DEADLINES,
  type Deployment,
  type HostRunner,
  type HostStatus,
  HostTool,
  isImage,
  Systemctl,
} from '../host/index.ts';
import type { ActOutcome } from './attempt-step.ts';
import { compareImages } from './compare-images.ts';
import { codeOf, FileProblem, type PathProblem, reasonOf } from './file-problem.ts';
import { folderOf, formerFolders } from './image-tree.ts';
import { changeEtc, type EtcOutcome, signatureAt } from './live-files.ts';
import { deploymentName, type LiveFiles } from './live-record.ts';
import type { NodeFiles } from './node-files.ts';
import { type HostCommandRun, runActions } from './run-actions.ts';
import type { Act } from './step.ts';

/** An act of a change without a reboot. */
export type LiveAct = Extract<Act, { readonly kind: 'compare' | 'apply' | 'restore' | 'sweep' }>;

export interface LiveHostOptions {
  readonly runner: HostRunner;
  /** Who looks after the files of the host: nothing of it is touched meanwhile. Absent: nothing below /var can change. */
  readonly files: NodeFiles | undefined;
}

/** A running host that is brought to another image without a reboot (architecture D5). */
export class LiveHost {
  readonly #runner: HostRunner;
  readonly #files: NodeFiles | undefined;
  readonly #systemctl: Systemctl;

  constructor({ runner, files }: LiveHostOptions) {
    this.#runner = runner;
    this.#files = files;
    // Services may take their time to stop.
    this.#systemctl = new Systemctl(runner, DEADLINES.change);
  }

  /** Does one act on a host whose status is this now. What goes wrong is an answer. */
  async perform(act: LiveAct, status: HostStatus, bootId: string, signal: AbortSignal): Promise<ActOutcome> {
    const { booted } = status;
    const name = act.deployment;
    if (booted === undefined || deploymentName(booted) !== name) {
      return failed('not-shown', `another deployment runs than ${name}`);
    }
    try {
      switch (act.kind) {
        case 'compare':
          return await this.#compare(act, booted, status);
        case 'apply':
          return await this.#apply(act, status, bootId, signal);
        case 'restore':
        case 'sweep':
          return await this.#restore(act, booted, status, bootId, signal);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      if (codeOf(error) === undefined && !(error instanceof FileProblem)) throw error;
      const path = error instanceof FileProblem ? `${error.path}: ` : '';
      const isFull = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
      return failed(isFull ? 'disk' : 'unknown', `cannot change /etc: ${path}${wordsOf(error)}`);
    }
  }

  async #compare(
    act: Extract<LiveAct, { readonly kind: 'compare' }>,
    booted: Deployment,
    status: HostStatus,
  ): Promise<ActOutcome> {
    const staged = stagedAs(status, act.change.digest);
    const [before, after] = [this.#folder(booted), this.#folder(staged)];
    if (before === undefined || after === undefined)
      return failed('not-shown', 'the image is not staged any more');
    const found = await compareImages(before, after, act.items);
    if (found.result === 'refused') return { result: 'refused', message: found.reason };
    if (found.var && this.#files === undefined) {
      return { result: 'refused', message: 'files below /var differ, which this agent does not look after' };
    }
    const files: Record<string, readonly string[]> = {};
    try {
      for (const path of new Set([...found.etc, ...Object.keys(act.files)])) {
        const [old, now] = [
          await signatureAt(before, `/usr${path}`),
          await signatureAt(after, `/usr${path}`),
        ];
        const known = new Set([old, ...(act.files[path] ?? [])]);
        known.delete(now);
        files[path] = [...known, now];
      }
    } catch (error) {
      // A path that was written before, and leads through what is a file in this image: it would be so at every try.
      if (!(error instanceof FileProblem)) throw error;
      return { result: 'refused', message: `${error.path}: ${error.message}` };
    }
    return { result: 'done', files };
  }

  async #apply(
    { image, files, run, ran, heal }: Extract<LiveAct, { readonly kind: 'apply' }>,
    status: HostStatus,
    bootId: string,
    signal: AbortSignal,
  ): Promise<ActOutcome> {
    const staged = stagedAs(status, image.digest);
    const tree = this.#folder(staged);
    if (staged === undefined || tree === undefined)
      return failed('not-shown', 'the image is not staged any more');
    const change = { root: this.#runner.root, tree, files, heal };
    let isChanged = false;
    const problems = await this.#write(staged, formerFolders(status), bootId, async () => {
      const outcome = await changeEtc(change);
      isChanged = outcome.written.length > 0;
      await this.#relabel(files, outcome);
    });
    if (problems.length > 0) return failed('unknown', `cannot place files below /var: ${listed(problems)}`);
    return runActions(this.#systemctl, this.#command(signal), run, image.items, signal, isChanged ? [] : ran);
  }

  async #restore(
    act: Extract<LiveAct, { readonly kind: 'restore' | 'sweep' }>,
    booted: Deployment,
    status: HostStatus,
    bootId: string,
    signal: AbortSignal,
  ): Promise<ActOutcome> {
    const tree = this.#folder(booted);
    if (tree === undefined) return failed('not-shown', 'the running deployment is gone');
    const change = { root: this.#runner.root, tree, files: act.files, heal: false };
    let isChanged = false;
    const problems = await this.#write(booted, formerFolders(status), bootId, async () => {
      const outcome = await changeEtc(change);
      isChanged = outcome.written.length > 0;
      await this.#relabel(act.files, outcome);
    });
    if (problems.length > 0) return failed('unknown', `cannot place files below /var: ${listed(problems)}`);
    if (act.kind === 'sweep' && !isChanged) return { result: 'done' };
    return runActions(this.#systemctl, this.#command(signal), act.actions, act.items, signal);
  }

  /** Nobody else looks at the files while they are between two images. */
  async #write(
    deployment: Deployment,
    former: readonly string[],
    bootId: string,
    write: () => Promise<void>,
  ): Promise<readonly PathProblem[]> {
    const image = deployment.checksum ?? '';
    const tree = folderOf(deployment);
    if (this.#files !== undefined && tree !== undefined)
      return this.#files.changeTo({ tree, image, bootId, former }, write);
    await write();
    return [];
  }

  /** All paths, and not what was written just now alone: whoever was killed in between wrote some of them. */
  async #relabel(files: LiveFiles, { left }: EtcOutcome): Promise<void> {
    const persons = new Set(left);
    const paths = Object.keys(files).filter((path) => !persons.has(path));
    const isLabelled = await stat(`${this.#runner.root}/sys/fs/selinux/enforce`).then(
      () => true,
      () => false,
    );
    if (!isLabelled || paths.length === 0) return;
    const restorecon = new HostTool(this.#runner, 'restorecon');
    const result = await restorecon.run(['-i', '--', ...paths], DEADLINES.change);
    if (!result.ok) throw new FileProblem('/etc', result.failure.message);
  }

  #command(signal: AbortSignal): HostCommandRun {
    return async (tool, args) => {
      const result = await new HostTool(this.#runner, tool).run(args, DEADLINES.change, signal);
      return result.ok ? { ok: true } : result;
    };
  }

  #folder(deployment: Deployment | undefined): string | undefined {
    const folder = deployment && folderOf(deployment);
    return folder === undefined ? undefined : `${this.#runner.root}${folder}`;
  }
}

function stagedAs({ staged }: HostStatus, digest: string): Deployment | undefined {
  return isImage(staged, digest) ? staged : undefined;
}

/** What stands in the way, in words. */
function listed(problems: readonly PathProblem[]): string {
  return problems
    .slice(0, 5)
    .map(({ path, reason }) => `${path}: ${reason}`)
    .join('; ');
}

function wordsOf(error: unknown): string {
  return error instanceof FileProblem ? error.message : reasonOf(error);
}

function failed(
  failureClass: Extract<ActOutcome, { readonly result: 'failed' }>['class'],
  message: string,
): ActOutcome {
  return { result: 'failed', class: failureClass, message };
}
