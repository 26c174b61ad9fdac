import { buildStateOf, type MachineOSBuild } from '../api/index.ts';
import { Informer, pause, type KubeObject } from '../kube/index.ts';
import { ON_CLUSTER_LAYERING_LABEL, type BuildJob } from '../osbuild/index.ts';
import type { BuildJobs, JobClient } from './build-jobs.ts';
import { messageOf } from './error-message.ts';
import { clusterKey, JOBS } from './resources.ts';
import type { Log } from './support.ts';

export interface FinishedJobsOptions {
  readonly client: JobClient;
  readonly namespace: string;
  readonly jobs: Pick<BuildJobs, 'remove'>;
  readonly builds: Pick<Informer<MachineOSBuild>, 'cache' | 'subscribe'>;
  readonly log: Log;
}

/** How long it is waited after a removal that failed, in milliseconds. */
const AGAIN = 5000;

/**
 * Removes the Jobs of builds that have succeeded, or were interrupted: until then they are kept, for whoever goes on with the build.
 * Those of builds that have failed are for people to look into, and go with their builds.
 */
export class FinishedJobs {
  readonly #options: FinishedJobsOptions;
  readonly #followed: Informer<BuildJob>;
  #news = Promise.withResolvers<void>();

  constructor(options: FinishedJobsOptions) {
    this.#options = options;
    const { client, namespace, log } = options;
    this.#followed = new Informer<BuildJob>(
      client,
      {
        type: JOBS,
        selection: { namespace, labelSelector: ON_CLUSTER_LAYERING_LABEL },
        transform: ({ metadata }) => ({ metadata: trim(metadata) }),
      },
      (error) => log.warn('cannot follow the Jobs of builds', { reason: messageOf(error) }),
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#news.resolve();
    signal.addEventListener('abort', wake, { once: true });
    const unsubscribe = this.#options.builds.subscribe(wake);
    this.#followed.subscribe(wake);
    const followed = this.#followed.run(signal);
    while (!signal.aborted) {
      this.#news = Promise.withResolvers<void>();
      await this.#clear(signal);
      if (!signal.aborted) await this.#news.promise;
    }
    unsubscribe();
    signal.removeEventListener('abort', wake);
    await followed;
  }

  async #clear(signal: AbortSignal): Promise<void> {
    const { jobs, log, client } = this.#options;
    for (const job of [...this.#followed.cache.values()].filter((one) => this.#isFinished(one))) {
      if (signal.aborted) return;
      try {
        await jobs.remove(job);
      } catch (error) {
        log.warn('cannot remove the Job of a build', { job: job.metadata.name, reason: messageOf(error) });
        await pause(client.clock, AGAIN, signal);
        this.#news.resolve();
      }
    }
  }

  #isFinished({ metadata }: BuildJob): boolean {
    if (metadata.deletionTimestamp !== undefined) return false;
    const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'MachineOSBuild');
    const build = owner === undefined ? undefined : this.#options.builds.cache.get(clusterKey(owner.name));
    // One of the same name is another build: then the garbage collector is about to remove the Job.
    if (build === undefined || build.metadata['uid'] !== owner?.uid) return false;
    const state = buildStateOf(build);
    return state === 'succeeded' || state === 'interrupted';
  }
}

/** All that is looked at here, of hundreds of lines. */
function trim({
  name = '',
  namespace = '',
  uid = '',
  resourceVersion = '',
  deletionTimestamp,
  ownerReferences = [],
}: KubeObject['metadata']): BuildJob['metadata'] {
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    ownerReferences,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}
