import { isKubeError, pause, type KubeClient, type KubeObject, type ResourceType } from '../kube/index.ts';
import {
  jobObject,
  jobObjects,
  JOB_UID_ANNOTATION,
  OsBuildError,
  REQUEST_ANNOTATION,
  requestHash,
  type BuildJob,
  type JobOrder,
} from '../osbuild/index.ts';
import { uidOf } from './object-uid.ts';
import { CONFIG_MAPS, JOBS, OS_BUILDS, SECRETS } from './resources.ts';

export type JobClient = Pick<KubeClient, 'clock' | 'create' | 'delete' | 'get' | 'list' | 'patch' | 'watch'>;

/** A Job that makes a build. */
export interface BegunJob {
  readonly job: BuildJob;
  /** It was there already. */
  readonly isAdopted: boolean;
}

/** How long it is waited, in milliseconds, before it is looked again whether something is gone. */
const AGAIN = 1000;
/** How long the removal of one object may take, in milliseconds. */
const PATIENCE = 10_000;

/**
 * The objects of container builds that run as Jobs, in the cluster. All of it may be done by two processes at once, and be cut off
 * anywhere: whoever comes next finds out how far it is.
 */
export class BuildJobs {
  readonly #client: JobClient;

  constructor(client: JobClient) {
    this.#client = client;
  }

  /**
   * The Job of a build: the one that there is, if it makes this very image for this very MachineOSBuild, else a new one. What is
   * left of an earlier build of the same name goes.
   *
   * @throws OsBuildError `builder-refused`; KubeError
   */
  async begin(order: JobOrder, signal: AbortSignal): Promise<BegunJob> {
    for (;;) {
      signal.throwIfAborted();
      const found = await this.#find(JOBS, order.namespace, order.names.job, signal);
      if (found === undefined) {
        const job = await this.#create(order, signal);
        if (job !== undefined) return { job: await this.#own(order, job, signal), isAdopted: false };
      } else if (await this.#makesIt(order, found, signal)) {
        return { job: await this.#own(order, found, signal), isAdopted: true };
      } else {
        await this.#deleteJob(found, signal);
        // Its finalizers may keep it for a moment.
        await pause(this.#client.clock, AGAIN, signal);
      }
    }
  }

  /** Deletes a Job, and with it its pods and what it owns; nothing if it is gone, or another one has its name. */
  async remove(job: BuildJob): Promise<void> {
    await this.#deleteJob(job, AbortSignal.timeout(PATIENCE));
  }

  /** Deletes all that there is of a build: nobody will ask for it again. */
  async discard(order: JobOrder): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    const { namespace, names } = order;
    const found = await this.#find(JOBS, namespace, names.job, signal);
    const job = found !== undefined && isOf(order, found) ? found : undefined;
    if (job !== undefined) await this.#deleteJob(job, signal);
    const { configMaps, secrets, digest, output } = jobObjects(order);
    // Those of another build of this name, which may have begun, are not this one's.
    for (const { metadata } of [...configMaps, digest, output])
      await this.#deleteOwn(CONFIG_MAPS, order, metadata.name, job, signal);
    for (const { metadata } of secrets) await this.#deleteOwn(SECRETS, order, metadata.name, job, signal);
  }

  async #create(order: JobOrder, signal: AbortSignal): Promise<BuildJob | undefined> {
    const { configMaps, secrets, digest, output } = jobObjects(order);
    for (const object of [...configMaps, digest, output]) await this.#put(CONFIG_MAPS, object, signal);
    for (const object of secrets) await this.#put(SECRETS as ResourceType<typeof object>, object, signal);
    try {
      return await this.#client.create(JOBS, jobObject(order), { signal });
    } catch (error) {
      if (isKubeError(error, 'already-exists')) return undefined;
      throw refused(error, `Job ${order.names.job}`);
    }
  }

  /**
   * Creates an object; one of its name is of an earlier build and goes. It is not written over: the garbage collector may be about
   * to delete it, and finds the new one by another uid.
   */
  async #put<T extends KubeObject>(type: ResourceType<T>, object: T, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '' } = object.metadata;
    for (let attempts = 1; ; attempts += 1) {
      try {
        await this.#client.create(type, object, { signal });
        return;
      } catch (error) {
        if (!isKubeError(error, 'already-exists')) throw refused(error, `${type.kind} ${name}`);
      }
      // A finalizer may keep it for a moment, or for ever.
      if (attempts > 1) await pause(this.#client.clock, AGAIN, signal);
      await this.#delete(type, namespace, name, undefined, signal);
    }
  }

  /** Whether a Job makes this very image for this very build. */
  async #makesIt(order: JobOrder, job: BuildJob, signal: AbortSignal): Promise<boolean> {
    if (!isOf(order, job) || job.metadata.deletionTimestamp !== undefined) return false;
    const secret = await this.#find(SECRETS, order.namespace, order.names.push, signal);
    const { request, access } = order;
    return secret?.metadata.annotations?.[REQUEST_ANNOTATION] === requestHash(request, access);
  }

  /** Makes the Job the owner of what was made for it, and names it on the build; the last one of them tells that all have been. */
  async #own(order: JobOrder, job: BuildJob, signal: AbortSignal): Promise<BuildJob> {
    const { build, namespace } = order;
    const { name, uid = '' } = job.metadata;
    if (build.metadata.annotations?.[JOB_UID_ANNOTATION] === uid) return job;
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }];
    const { configMaps, secrets, output } = jobObjects(order);
    for (const { metadata } of [...configMaps, output])
      await this.#patch(CONFIG_MAPS, namespace, metadata.name, { ownerReferences }, signal);
    for (const { metadata } of secrets)
      await this.#patch(SECRETS, namespace, metadata.name, { ownerReferences }, signal);
    const annotations = { [JOB_UID_ANNOTATION]: uid };
    await this.#patch(OS_BUILDS, '', build.metadata.name, { uid: uidOf(build), annotations }, signal);
    return job;
  }

  async #patch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
    metadata: object,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#client.patch(type, { namespace, name }, { type: 'merge', patch: { metadata } }, { signal });
    } catch (error) {
      // What is gone is nobody's; a build of another uid is another one's.
      if (!isKubeError(error, 'not-found', 'conflict')) throw refused(error, `${type.kind} ${name}`);
    }
  }

  async #find<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.#client.get(type, { namespace, name }, { signal });
    } catch (error) {
      if (isKubeError(error, 'not-found')) return undefined;
      throw refused(error, `${type.kind} ${name}`);
    }
  }

  async #deleteJob({ metadata }: BuildJob, signal: AbortSignal): Promise<void> {
    await this.#delete(JOBS, metadata.namespace ?? '', metadata.name, metadata.uid, signal);
  }

  async #deleteOwn(
    type: ResourceType,
    order: JobOrder,
    name: string,
    job: BuildJob | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const found = await this.#find(type, order.namespace, name, signal);
    const owners = new Set([uidOf(order.build), job?.metadata.uid]);
    if (found?.metadata.ownerReferences?.some(({ uid }) => owners.has(uid)) !== true) return;
    await this.#delete(type, order.namespace, name, found.metadata.uid, signal);
  }

  async #delete(
    type: ResourceType,
    namespace: string,
    name: string,
    uid: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#client.delete(
        type,
        { namespace, name },
        {
          signal,
          // A Job's pods go with it, which they would not by themselves.
          propagationPolicy: 'Background',
          ...(uid === undefined ? {} : { preconditions: { uid } }),
        },
      );
    } catch (error) {
      if (!isKubeError(error, 'not-found', 'conflict')) throw refused(error, `${type.kind} ${name}`);
    }
  }
}

/** Whether a Job was made for this very build, and not for one of its name (contract §4.7). */
function isOf({ build }: JobOrder, { metadata }: BuildJob): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === uidOf(build)) === true;
}

/** What no other attempt changes, as a failure of the build: a quota, an admission policy, a role. The rest as it is. */
function refused(error: unknown, what: string): unknown {
  if (!isKubeError(error) || error.retryable || error.code === 'aborted') return error;
  return new OsBuildError(
    'builder-refused',
    `cannot run the build as a Job: the cluster refuses ${what}: ${error.message}`,
    { cause: error, retryable: true },
  );
}
