import {
  backoffDelay,
  Informer,
  isKubeError,
  pause,
  type KubeClient,
  type KubeObject,
  type ResourceType,
  type Selection,
} from '../kube/index.ts';
import {
  BUILD_JOB_LABEL,
  deletedJob,
  hinderedJob,
  jobProgress,
  OutputReader,
  parseReport,
  REPORT_KEY,
  type BuildJob,
  type BuildPod,
  type JobNames,
  type JobProgress,
  type OsBuildError,
} from '../osbuild/index.ts';
import { BUILD_PODS, CONFIG_MAPS, JOBS, type ConfigMap } from './resources.ts';

export interface JobFollowerOptions {
  readonly client: Pick<KubeClient, 'clock' | 'get' | 'list' | 'watch'>;
  readonly job: BuildJob;
  readonly names: JobNames;
  readonly signal: AbortSignal;
  /** A line that a pod says, or that there is to say of one. */
  readonly say: (line: string) => void;
  /** Told of what cannot be followed for now. */
  readonly report: (error: unknown) => void;
}

/** What became of a Job. */
export type JobEnd =
  | Exclude<JobProgress, { readonly kind: 'running' }>
  /** Its pod cannot start or come to be, for as long as nobody mends that; it goes on trying. */
  | { readonly kind: 'stuck'; readonly error: OsBuildError };

/** The label of a Job's pods, with its name. */
const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';
/** How long a pod may fail to start for a reason of its own, or not come to be, in milliseconds: a registry may be away for a moment. */
const LONGEST_HINDRANCE = 180_000;
const RETRY = { first: 500, factor: 2, longest: 15_000, jitter: 0.5, reset: 0 };

/** Follows one Job by watches until it has come to its end, and tells what it says. */
export class JobFollower {
  readonly #options: JobFollowerOptions;
  readonly #jobs: Informer<BuildJob>;
  readonly #pods: Informer<BuildPod>;
  readonly #written: Informer<ConfigMap>;
  readonly #output = new OutputReader();
  readonly #said = new Set<string>();
  #news = Promise.withResolvers<void>();
  /** Since when its pod does not start, for a reason of its own, or there is none. */
  #hinderedAt: number | undefined;

  constructor(options: JobFollowerOptions) {
    this.#options = options;
    const { namespace = '', name } = options.job.metadata;
    const follow = <T extends KubeObject>(type: ResourceType<T>, selection: Selection): Informer<T> =>
      new Informer(options.client, { type, selection: { namespace, ...selection } }, options.report);
    this.#jobs = follow(JOBS, { fieldSelector: `metadata.name=${name}` });
    this.#pods = follow(BUILD_PODS, { labelSelector: `${JOB_NAME_LABEL}=${name}` });
    this.#written = follow(CONFIG_MAPS, { labelSelector: `${BUILD_JOB_LABEL}=${name}` });
  }

  /** How it ended. Rejects with the reason of the signal when that aborts. */
  async untilEnd(): Promise<JobEnd> {
    const { signal } = this.#options;
    const stop = new AbortController();
    const following = AbortSignal.any([signal, stop.signal]);
    const wake = (): void => this.#news.resolve();
    signal.addEventListener('abort', wake, { once: true });
    this.#jobs.subscribe(wake);
    this.#pods.subscribe(wake);
    this.#written.subscribe(wake);
    const running = [this.#jobs.run(following), this.#pods.run(following), this.#written.run(following)];
    void Promise.all([this.#jobs.synced, this.#pods.synced, this.#written.synced]).then(wake);
    try {
      return await this.#follow();
    } finally {
      stop.abort();
      signal.removeEventListener('abort', wake);
      await Promise.all(running);
    }
  }

  async #follow(): Promise<JobEnd> {
    const { signal } = this.#options;
    for (;;) {
      this.#news = Promise.withResolvers<void>();
      signal.throwIfAborted();
      const isSynced = this.#jobs.isSynced && this.#pods.isSynced && this.#written.isSynced;
      if (isSynced && !this.#isRunning()) {
        // Caches may lag behind one another, and behind the server: what counts is what it says now.
        const end = await this.#conclude();
        if (end !== undefined) return end;
      }
      const cancel = this.#wakeForHindrance();
      await this.#news.promise;
      cancel();
    }
  }

  /** Whether it runs, as far as the caches know; tells what is new. */
  #isRunning(): boolean {
    const { job: begun } = this.#options;
    this.#tellOutput(this.#written.cache.values());
    const [job] = this.#jobs.cache.values();
    if (job === undefined || isGone(job, begun)) return false;
    const progress = jobProgress({ job, pods: [...this.#pods.cache.values()], report: undefined });
    if (progress.kind !== 'running') return false;
    for (const note of progress.notes) this.#tell(note);
    const { hindrance } = progress;
    if (hindrance === undefined || hindrance.isUnscheduled) this.#hinderedAt = undefined;
    else this.#hinderedAt ??= this.#options.client.clock.now();
    return !this.#isStuck;
  }

  get #isStuck(): boolean {
    const { clock } = this.#options.client;
    return this.#hinderedAt !== undefined && clock.now() - this.#hinderedAt >= LONGEST_HINDRANCE;
  }

  #wakeForHindrance(): () => void {
    if (this.#hinderedAt === undefined) return () => undefined;
    const { clock } = this.#options.client;
    const left = this.#hinderedAt + LONGEST_HINDRANCE - clock.now();
    return clock.schedule(Math.max(0, left), () => this.#news.resolve());
  }

  /** How it ended as the server has it now; undefined where it goes on. */
  async #conclude(): Promise<JobEnd | undefined> {
    const { client, job: begun, names, signal } = this.#options;
    const { name, namespace = '' } = begun.metadata;
    const job = await this.#ask(() => client.get(JOBS, { namespace, name }, { signal }));
    const written = await Promise.all(
      [names.digest, names.output].map((one) =>
        this.#ask(() => client.get(CONFIG_MAPS, { namespace, name: one }, { signal })),
      ),
    );
    this.#tellOutput(written.filter((one) => one !== undefined));
    if (job === undefined || isGone(job, begun)) return { kind: 'failed', error: deletedJob(name) };
    const labelSelector = `${JOB_NAME_LABEL}=${name}`;
    const page = await this.#ask(() => client.list(BUILD_PODS, { namespace, labelSelector, signal }));
    const digest = written[0]?.data;
    const pods = page?.items ?? [];
    const progress = jobProgress({ job, pods, report: parseReport(digest?.[REPORT_KEY]) });
    if (progress.kind !== 'running') return progress;
    const { hindrance } = progress;
    if (this.#isStuck && hindrance?.isUnscheduled === false)
      return { kind: 'stuck', error: hinderedJob(name, hindrance) };
    // It has begun, which the cache is about to hear.
    this.#hinderedAt = undefined;
    return undefined;
  }

  /** Asks as often as it takes; undefined for what is not there. */
  async #ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    const { client, signal, report } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        return await question();
      } catch (error) {
        signal.throwIfAborted();
        if (isKubeError(error, 'not-found')) return undefined;
        report(error);
        await pause(client.clock, backoffDelay(RETRY, failures, client.clock.random()), signal);
        signal.throwIfAborted();
      }
    }
  }

  #tellOutput(written: Iterable<ConfigMap>): void {
    const { names, say } = this.#options;
    for (const { metadata, data } of written) {
      if (metadata.name !== names.output || data === undefined) continue;
      for (const line of this.#output.next(data)) say(line);
    }
  }

  /** Once, however often it is seen. */
  #tell(note: string): void {
    if (this.#said.has(note)) return;
    this.#said.add(note);
    this.#options.say(note);
  }
}

/** Whether it is another Job, or about to be gone. */
function isGone(job: BuildJob, begun: BuildJob): boolean {
  return job.metadata.uid !== begun.metadata.uid || job.metadata.deletionTimestamp !== undefined;
}
