import { backoffDelay, isKubeError, pause } from '../kube/index.ts';
import type { Digest } from '../oci/index.ts';
import type { ContainerBuilder, ContainerBuildRequest, JobOrder } from '../osbuild/index.ts';
import { OsBuildError } from '../osbuild/index.ts';
import type { BegunJob, BuildJobs, JobClient } from './build-jobs.ts';
import { mayRunOn } from './container-building.ts';
import { messageOf } from './error-message.ts';
import { JobFollower } from './job-follower.ts';
import type { Log } from './support.ts';

export interface JobBuilderOptions {
  readonly client: JobClient;
  readonly jobs: BuildJobs;
  readonly log: Log;
  readonly description: string;
  /** Of one MachineOSBuild and one architecture. */
  readonly order: Omit<JobOrder, 'request'>;
}

const RETRY = { first: 500, factor: 2, longest: 15_000, jitter: 0.5, reset: 0 };

/**
 * Makes container builds as Jobs of the cluster (contract §4.5). The Job outlives this process: whoever builds the same MachineOSBuild
 * next goes on with it. It stays until the build has come to its end, so that a controller that dies after it has succeeded does not
 * build again, and after a failure for people to look into.
 */
export class JobBuilder implements ContainerBuilder {
  readonly description: string;
  readonly #options: JobBuilderOptions;

  constructor(options: JobBuilderOptions) {
    this.#options = options;
    this.description = options.description;
  }

  async build(request: ContainerBuildRequest): Promise<Digest> {
    const { signal } = request;
    const order: JobOrder = { ...this.#options.order, request };
    try {
      return await this.#build(order);
    } catch (error) {
      if (!signal.aborted) throw error;
      if (!mayRunOn(signal)) await this.#ifItCan(order, () => this.#options.jobs.discard(order));
      throw new OsBuildError('command-failed', 'cannot build the image: the build was stopped', {
        cause: error,
        retryable: true,
      });
    }
  }

  async #build(order: JobOrder): Promise<Digest> {
    const { client, jobs, log } = this.#options;
    const { names, request } = order;
    const { signal, say } = request;
    const { job, isAdopted } = await this.#begin(order);
    const which = `Job ${order.namespace}/${names.job}`;
    say(isAdopted ? `note: ${which} is under way: this build goes on with it` : `job       ${which}`);
    const report = (error: unknown): void => {
      if (!signal.aborted)
        log.warn('cannot follow the Job of a build', { job: names.job, reason: messageOf(error) });
    };
    const end = await new JobFollower({ client, job, names, signal, say, report }).untilEnd();
    if (end.kind === 'succeeded') return end.digest;
    // It would begin, if somebody mended what is in its way, for nobody; and there is nothing to see in it that is not said.
    if (end.kind === 'stuck') await this.#ifItCan(order, () => jobs.remove(job));
    throw end.error;
  }

  /** As often as it takes while the cluster does not answer. */
  async #begin(order: JobOrder): Promise<BegunJob> {
    const { client, jobs, log } = this.#options;
    const { signal } = order.request;
    for (let failures = 1; ; failures += 1) {
      try {
        return await jobs.begin(order, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isKubeError(error)) throw error;
        log.warn('cannot begin the Job of a build', { job: order.names.job, reason: messageOf(error) });
        await pause(client.clock, backoffDelay(RETRY, failures, client.clock.random()), signal);
      }
    }
  }

  /** What cannot be removed now goes with the MachineOSBuild, and changes nothing about what became of the build. */
  async #ifItCan(order: JobOrder, remove: () => Promise<void>): Promise<void> {
    const { log } = this.#options;
    try {
      await remove();
    } catch (error) {
      const reason = messageOf(error);
      log.warn('cannot remove the Job of a build', { job: order.names.job, reason });
    }
  }
}
