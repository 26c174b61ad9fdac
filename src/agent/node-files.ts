import { stat } from 'node:fs/promises';
import { type HostRunner, HostError, Systemctl } from '../host/index.ts';
import { type Clock, pause } from '../kube/index.ts';
import { type DriftPolicy, driftMessage, type DriftReport } from './drift-report.ts';
import type { PathProblem } from './file-problem.ts';
import { type Drift, findDrift, KnownHashes } from './find-drift.ts';
import { FolderWatch } from './folder-watch.ts';
import { healDrift } from './heal-drift.ts';
import { HealingPatience } from './healing-patience.ts';
import { HostAccounts } from './host-accounts.ts';
import { type ImageTree, readImageTree } from './image-tree.ts';
import { ownedPaths, type OwnedPath } from './owned-paths.ts';
import type { PlaneStore } from './plane-memory.ts';
import { type PlaneOutcome, reconcilePlane } from './reconcile-plane.ts';

/** What the files of a node are to be like. */
export interface FilesTarget {
  /** The folder of the image: '' for what runs, a deployment's where a live change made the node another image's. */
  readonly tree: string;
  /** Names the image among all: its digest or commit. */
  readonly image: string;
  readonly bootId: string;
  /** The folders of other deployments that may have run on this /var. */
  readonly former: readonly string[];
}

/** Something that happened to a node's files, for an event of the Node. */
export interface FilesNews {
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'ConfigDriftDetected' | 'ConfigDriftHealed' | 'ConfigDriftContested';
  readonly message: string;
}

export interface NodeFilesOptions {
  readonly runner: HostRunner;
  readonly memory: PlaneStore;
  readonly clock: Clock;
  readonly onNews?: (news: FilesNews) => void;
  /** Told of what is tried again by itself. */
  readonly onTrouble?: (doing: string, error: unknown) => void;
}

/** How often all is looked at though nothing was heard, in milliseconds; oftener where nothing can be heard. */
const SWEEP = 600_000;
const BLIND_SWEEP = 60_000;

/** Between hearing of a change and looking, and between two looks: what writes a file mostly writes more. */
const SETTLE = 1_000;

/** How long what could not be placed or healed is left alone. */
const AGAIN = 300_000;

/** Milliseconds for a command of the host. */
const DEADLINE = 60_000;

interface Current {
  readonly target: FilesTarget;
  readonly tree: ImageTree;
  readonly owned: readonly OwnedPath[];
}

/**
 * The files of a node that are its image's (architecture D4): brought in line after each boot and each live change, and then
 * watched. One thing is done at a time.
 */
export class NodeFiles {
  readonly #options: NodeFilesOptions;
  readonly #watch: FolderWatch;
  readonly #hashes = new KnownHashes();
  readonly #patience = new HealingPatience();
  #current: Current | undefined;
  #policy: DriftPolicy = 'Report';
  #report: DriftReport | undefined;
  #placing: readonly PathProblem[] = [];
  /** What could not be placed before the last change without a reboot. */
  #former: readonly PathProblem[] = [];
  #healing: readonly PathProblem[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #isDirty = false;
  #wake: () => void = () => {};
  #changed: () => void = () => {};

  constructor(options: NodeFilesOptions) {
    this.#options = options;
    this.#watch = new FolderWatch(options.runner.root, () => {
      this.#isDirty = true;
      this.#wake();
    });
  }

  /** How the files compare with the image's; undefined before they were looked at. */
  get report(): DriftReport | undefined {
    return this.#report;
  }

  /** Looks at changes until the signal aborts; `changed` hears when the report is another one. */
  async run(signal: AbortSignal, changed: () => void): Promise<void> {
    this.#changed = changed;
    try {
      while (!signal.aborted) {
        await this.#rest(signal);
        if (signal.aborted) break;
        await this.look().catch((error: unknown) => this.#trouble('look at files', error));
      }
    } finally {
      this.#watch.close();
      this.#changed = () => {};
    }
  }

  /**
   * Brings the files in line with an image, if that was not done since the boot; and does what the policy says of those that
   * were changed. What cannot be done is in the report, and tried again.
   */
  follow(target: FilesTarget, policy: DriftPolicy): Promise<void> {
    return this.#exclusively(async () => {
      const isSame = this.#current !== undefined && keyOf(this.#current.target) === keyOf(target);
      if (isSame && policy === this.#policy) return;
      this.#policy = policy;
      try {
        if (!isSame) await this.#place(target);
        await this.#look();
      } catch (error) {
        // The next call begins anew.
        this.#current = undefined;
        this.#trouble('bring the files in line with the image', error);
      }
    });
  }

  /** Looks at all files now, and does what the policy says. */
  look(): Promise<void> {
    return this.#exclusively(() => this.#again());
  }

  /**
   * Has the files changed to another image's without a reboot: nobody looks at them before `write` has done its part and what
   * the image has below /var is there. What of that could not be placed, but for what could not before: it is in the report, and
   * no reason to have no change at all.
   */
  changeTo(target: FilesTarget, write: () => Promise<void>): Promise<readonly PathProblem[]> {
    return this.#exclusively(async () => {
      const current = this.#current;
      // The second try of one change comes after the problems of the first.
      if (current !== undefined && keyOf(current.target) !== keyOf(target)) this.#former = this.#placing;
      this.#current = undefined;
      await write();
      await this.#place(target);
      // What differs now differs from another image.
      await this.#look().catch((error: unknown) => this.#trouble('look at files', error));
      return this.#placing.filter(
        ({ path, reason }) => !this.#former.some((one) => one.path === path && one.reason === reason),
      );
    });
  }

  /** Looks at nothing until told again what the files are to be like: they are between two images. */
  pause(): Promise<void> {
    return this.#exclusively(() => {
      this.#current = undefined;
      return Promise.resolve();
    });
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(act);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const both = AbortSignal.any([signal, woken.signal]);
    if (!this.#isDirty) await pause(clock, this.#nextLook(), both);
    this.#wake = () => {};
    await pause(clock, SETTLE, signal);
  }

  /** Milliseconds until files are looked at though nothing is heard. */
  #nextLook(): number {
    const sweep = this.#watch.isBlind ? BLIND_SWEEP : SWEEP;
    if (this.#policy === 'Report') return this.#placing.length > 0 ? Math.min(sweep, AGAIN) : sweep;
    const now = this.#options.clock.now();
    const due = (this.#report?.drifts ?? [])
      .filter(({ kinds }) => !kinds.includes('unreadable'))
      .map(({ path }) => Math.max(SETTLE, this.#patience.dueAt(path) - now));
    return Math.min(sweep, ...due, ...(this.#placing.length > 0 ? [AGAIN] : []));
  }

  async #again(): Promise<void> {
    const current = this.#current;
    this.#isDirty = false;
    if (current === undefined) return;
    if (this.#placing.length > 0) await this.#place(current.target);
    await this.#look();
  }

  async #place(target: FilesTarget): Promise<void> {
    const { runner, memory } = this.#options;
    const { root } = runner;
    const outcome = await reconcilePlane({ root, memory, ...target });
    await this.#afterPlacing(outcome, target);
    const tree = await readImageTree(root, target.tree);
    const owned = await ownedPaths(tree, await HostAccounts.read(root));
    this.#placing = outcome.problems;
    this.#current = { target, tree, owned };
  }

  async #look(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    const { root } = this.#options.runner;
    this.#isDirty = false;
    await this.#watch.set(current.owned.map(({ path }) => path));
    let drifts = await findDrift(root, current.owned, this.#hashes);
    await this.#tellNew(current, drifts);
    if (this.#policy === 'Heal' && (await this.#heal(current, drifts))) {
      drifts = await findDrift(root, current.owned, this.#hashes);
    }
    if (this.#policy === 'Report') this.#healing = [];
    const survived = await this.#remember(current, drifts);
    const paths = new Set(drifts.map(({ path }) => path));
    const contested = new Set([...paths].filter((path) => this.#patience.isWar(path)));
    const problems = [...this.#placing, ...this.#healing.filter(({ path }) => paths.has(path))];
    const report: DriftReport = { policy: this.#policy, drifts, survived, contested, problems };
    const isNews = textOf(report) !== textOf(this.#report);
    this.#report = report;
    if (isNews) this.#changed();
  }

  async #heal(current: Current, drifts: readonly Drift[]): Promise<boolean> {
    const { runner, clock, onNews } = this.#options;
    const now = clock.now();
    const due = drifts.filter(
      ({ path, kinds }) => !kinds.includes('unreadable') && this.#patience.isDue(path, now),
    );
    if (due.length === 0) return false;
    const { healed, problems } = await healDrift(runner.root, current.tree, due);
    for (const { path } of due) {
      const wasWar = this.#patience.isWar(path);
      this.#patience.tried(path, now);
      if (wasWar || !this.#patience.isWar(path) || !healed.includes(path)) continue;
      const message = `${path} was put back several times, and something on the node changes it again; it is now put back more and more rarely.`;
      onNews?.({ type: 'Warning', reason: 'ConfigDriftContested', message });
    }
    this.#healing = [
      ...this.#healing.filter(({ path }) => !due.some((one) => one.path === path)),
      ...problems,
    ];
    if (healed.length === 0) return false;
    await this.#relabel(healed);
    if (healed.some((path) => path.startsWith('/etc/systemd/'))) {
      await new Systemctl(runner).daemonReload(new AbortController().signal);
    }
    const all = due.filter(({ path }) => healed.includes(path));
    onNews?.({
      type: 'Normal',
      reason: 'ConfigDriftHealed',
      message: `Put back from the image. ${driftMessage(all)}`,
    });
    return true;
  }

  /** What a process before this one has told, it has told. */
  async #tellNew({ target }: Current, drifts: readonly Drift[]): Promise<void> {
    const { drift } = await this.#options.memory.read();
    const before = drift?.image === target.image ? drift.paths : [];
    const known = new Set([...before, ...(this.#report?.drifts ?? []).map(({ path }) => path)]);
    const fresh = drifts.filter(({ path }) => !known.has(path) && !this.#patience.isWar(path));
    if (fresh.length === 0) return;
    this.#options.onNews?.({ type: 'Warning', reason: 'ConfigDriftDetected', message: driftMessage(fresh) });
  }

  /** What came through an update, which a process that starts after it can only know from the one before. */
  async #remember({ target }: Current, drifts: readonly Drift[]): Promise<ReadonlySet<string>> {
    const { memory } = this.#options;
    const before = await memory.read();
    const paths = drifts.map(({ path }) => path);
    const isSame = before.drift?.image === target.image;
    const former = new Set(isSame ? before.drift.survived : before.drift?.paths);
    const survived = paths.filter((path) => former.has(path));
    const drift = { image: target.image, paths, survived };
    if (JSON.stringify(drift) !== JSON.stringify(before.drift)) await memory.write({ ...before, drift });
    return new Set(survived);
  }

  async #afterPlacing({ placed, removed, left }: PlaneOutcome, { tree }: FilesTarget): Promise<void> {
    const { onTrouble } = this.#options;
    await this.#relabel(placed);
    if (left.length > 0) {
      const paths = left.join(', ').slice(0, 1000);
      onTrouble?.(
        'remove files of an earlier image',
        new Error(`they were changed on the node and stay: ${paths}`),
      );
    }
    // What another file of the image wants at such a path, it did not get at this boot. In another tree nobody asked yet.
    if (removed.length === 0 || tree !== '') return;
    await this.#run('systemd-tmpfiles', ['--create', ...removed.map((path) => `--prefix=${path}`)]);
  }

  /** Written from outside the host's own processes, a file may have got another label than the host's policy has for it. */
  async #relabel(paths: readonly string[]): Promise<void> {
    const { root } = this.#options.runner;
    if (paths.length === 0) return;
    const isLabelled = await stat(`${root}/sys/fs/selinux/enforce`).then(
      () => true,
      () => false,
    );
    if (isLabelled) await this.#run('restorecon', ['-F', '--', ...paths]);
  }

  async #run(tool: string, args: readonly string[]): Promise<void> {
    try {
      await this.#options.runner.run({ tool, args, deadline: DEADLINE });
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      if (error.code !== 'no-such-tool') this.#trouble(`run ${tool}`, error);
    }
  }

  #trouble(doing: string, error: unknown): void {
    this.#options.onTrouble?.(doing, error);
  }
}

function keyOf({ bootId, image, tree }: FilesTarget): string {
  return JSON.stringify([bootId, image, tree]);
}

function textOf(report: DriftReport | undefined): string {
  if (report === undefined) return '';
  const { policy, drifts, survived, contested, problems } = report;
  return JSON.stringify([
    policy,
    drifts.map(({ path, kinds }) => [path, kinds]),
    [...survived],
    [...contested],
    problems,
  ]);
}
