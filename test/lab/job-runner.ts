import { mkdir, rm, writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_PODS, CONFIG_MAPS, JOBS, SECRETS } from '../../src/controllers/resources.ts';
import {
  Informer,
  isKubeError,
  resourceType,
  type ClusterAccess,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
} from '../../src/kube/index.ts';
import type { BuildJob, BuildPod } from '../../src/osbuild/index.ts';
import { listAt, numberAt, objectAt, objectsAt, textAt, type JsonObject } from '../../src/schema/index.ts';
import { PodProcess, type BindMount } from './pod-process.ts';
import { unmountBelow } from './unmount.ts';

export interface JobRunnerOptions {
  readonly kube: KubeClient;
  /** Of the server, for the pods. */
  readonly access: ClusterAccess;
  /** Whose Jobs it runs; there are no others. */
  readonly namespace: string;
  /** For what pods need; it is removed in the end. */
  readonly folder: string;
}

type Condition = NonNullable<NonNullable<BuildPod['status']>['conditions']>[number];

const SERVICE_ACCOUNTS: ResourceType = resourceType({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
});
const TOKEN = '/run/secrets/kubernetes.io/serviceaccount';
const NODE = 'lab-node';

/** A pod at work. */
interface RunningPod {
  readonly pod: BuildPod;
  readonly folder: string;
  process: PodProcess | undefined;
  /** What is said of its end, when it was not by itself. */
  cause?: { readonly reason: string; readonly disruption?: string };
  done: Promise<void>;
}

/**
 * A stand-in for the controller of Jobs, the scheduler and a kubelet: runs the Jobs of a namespace through the API, one pod at a time,
 * by the very commands of their containers (test/lab/README.md). It ends pods as clusters do, when it is told to.
 */
export class JobRunner {
  /** Whether pods find a node; while they do not, they say so. */
  isSchedulable = true;
  readonly #options: JobRunnerOptions;
  readonly #jobs: Informer<BuildJob>;
  readonly #pods: Informer<BuildPod>;
  readonly #stop = new AbortController();
  /** By uid. */
  readonly #running = new Map<string, RunningPod>();
  readonly #following: Promise<unknown>;
  #work: Promise<void> = Promise.resolve();
  #isDirty = false;
  #count = 0;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    const selection = { namespace: options.namespace };
    this.#jobs = new Informer(options.kube, { type: JOBS, selection });
    this.#pods = new Informer(options.kube, { type: BUILD_PODS, selection });
    const wake = (): void => this.#wake();
    this.#jobs.subscribe(wake);
    this.#pods.subscribe(wake);
    const { signal } = this.#stop;
    this.#following = Promise.all([this.#jobs.run(signal), this.#pods.run(signal)]);
    void Promise.all([this.#jobs.synced, this.#pods.synced]).then(wake);
  }

  /** Ends all pods, and removes what they had. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    for (const { process } of this.#running.values()) process?.kill();
    await this.#work;
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    await unmountBelow(this.#options.folder);
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  /** Names of the pods that run. */
  get running(): readonly string[] {
    return [...this.#running.values()]
      .filter(({ process }) => process !== undefined)
      .map(({ pod }) => pod.metadata.name);
  }

  /** Ends a pod for its node's sake, as a kubelet does that runs out of disk. */
  async evict(name: string): Promise<void> {
    await this.#end(name, { reason: 'Evicted', disruption: 'TerminationByKubelet' });
  }

  /** Ends a pod as the kernel does where it has taken more memory than it may. */
  async outOfMemory(name: string): Promise<void> {
    await this.#end(name, { reason: 'OOMKilled' });
  }

  async #end(name: string, cause: NonNullable<RunningPod['cause']>): Promise<void> {
    const found = [...this.#running.values()].find(({ pod }) => pod.metadata.name === name);
    if (found?.process === undefined) throw new Error(`pod ${name} does not run`);
    found.cause = cause;
    if (cause.disruption === undefined) found.process.kill();
    else await found.process.terminate();
    await found.done;
  }

  #wake(): void {
    if (this.#isDirty || this.#stop.signal.aborted) return;
    this.#isDirty = true;
    this.#work = this.#work.then(async () => {
      this.#isDirty = false;
      await this.#pass().catch((error: unknown) => {
        if (!this.#stop.signal.aborted && !isKubeError(error, 'conflict', 'not-found')) throw error;
      });
    });
  }

  async #pass(): Promise<void> {
    for (const running of this.#running.values()) await this.#endDeleted(running);
    for (const job of this.#jobs.cache.values()) await this.#drive(job);
    for (const pod of this.#pods.cache.values()) this.#start(pod);
  }

  /** What a kubelet does with a pod that is deleted. */
  async #endDeleted({ pod, process }: RunningPod): Promise<void> {
    const now = this.#pods.cache.get({ namespace: this.#options.namespace, name: pod.metadata.name });
    const isKept = now?.metadata.uid === pod.metadata.uid && now?.metadata.deletionTimestamp === undefined;
    if (!isKept) await process?.terminate();
  }

  /** What the controller of Jobs does with one. */
  async #drive(job: BuildJob): Promise<void> {
    const { metadata, status } = job;
    if (metadata.deletionTimestamp !== undefined) return;
    if (status?.conditions?.some(({ status: is }) => is === 'True') === true) return;
    const pods = [...this.#pods.cache.values()].filter((pod) =>
      pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid),
    );
    const ended = pods.filter(
      ({ status: { phase = '' } = {} }) => phase === 'Succeeded' || phase === 'Failed',
    );
    const counted = ended.filter(
      ({ status: { phase, conditions = [] } = {} }) =>
        phase === 'Failed' &&
        !conditions.some(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True'),
    );
    const failed = counted.length;
    const succeeded = ended.filter(({ status: { phase } = {} }) => phase === 'Succeeded').length;
    const active = pods.length - ended.length;
    const numbers = { active, succeeded, failed, startTime: metadata.creationTimestamp };
    if (succeeded > 0)
      return this.#finish(job, { ...numbers, completionTime: now() }, 'Complete', 'CompletionsReached');
    const permanent = permanentCodes(job);
    if (counted.some((pod) => permanent.includes(exitCode(pod))))
      return this.#finish(job, numbers, 'Failed', 'PodFailurePolicy');
    if (failed > numberOr(job, 'backoffLimit', 6))
      return this.#finish(job, numbers, 'Failed', 'BackoffLimitExceeded');
    const deadline = numberAt(job.spec, 'activeDeadlineSeconds');
    const age = Date.now() - Date.parse(metadata.creationTimestamp ?? '');
    if (deadline !== undefined && age > deadline * 1000) {
      for (const pod of pods.filter((one) => !ended.includes(one))) await this.#deletePod(pod);
      return this.#finish(job, numbers, 'Failed', 'DeadlineExceeded');
    }
    if (deadline !== undefined) this.#later(deadline * 1000 - age + 100);
    await this.#patchStatus(JOBS, job, numbers);
    if (active === 0) await this.#createPod(job);
  }

  #later(milliseconds: number): void {
    setTimeout(() => this.#wake(), milliseconds).unref();
  }

  async #finish(job: BuildJob, numbers: object, type: string, reason: string): Promise<void> {
    const condition = { type, status: 'True', reason, lastTransitionTime: now(), lastProbeTime: now() };
    await this.#patchStatus(JOBS, job, { ...numbers, conditions: [condition] });
  }

  async #createPod(job: BuildJob): Promise<void> {
    const { kube, namespace } = this.#options;
    const { name, uid = '' } = job.metadata;
    const template = objectAt(job.spec, 'template') ?? {};
    this.#count += 1;
    const spec = { ...objectAt(template, 'spec') };
    const pod = {
      metadata: {
        ...objectAt(template, 'metadata'),
        name: `${`${name}-`.slice(0, 58)}${this.#count.toString().padStart(5, '0')}`,
        namespace,
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: this.isSchedulable ? { ...spec, nodeName: NODE } : spec,
    };
    const made = await kube.create(BUILD_PODS, pod);
    if (this.isSchedulable) return;
    const message = '0/3 nodes are available: 3 node(s) did not match the node affinity.';
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    await this.#patchStatus(BUILD_PODS, made, { phase: 'Pending', conditions: [condition] });
  }

  async #deletePod(pod: BuildPod): Promise<void> {
    const { kube, namespace } = this.#options;
    await kube
      .delete(BUILD_PODS, { namespace, name: pod.metadata.name }, { gracePeriodSeconds: 0 })
      .catch(ignoreGone);
  }

  /** What a kubelet does with a pod of its node. */
  #start(pod: BuildPod): void {
    const { uid = '', name, deletionTimestamp } = pod.metadata;
    const { phase = 'Pending' } = pod.status ?? {};
    if (this.#running.has(uid) || pod.spec?.nodeName === undefined || phase !== 'Pending') {
      // One that nobody runs and that is to go.
      if (deletionTimestamp !== undefined && !this.#running.has(uid))
        void this.#deletePod(pod).catch(ignoreGone);
      return;
    }
    if (this.#stop.signal.aborted) return;
    const folder = join(this.#options.folder, uid);
    const running: RunningPod = { pod, folder, process: undefined, done: Promise.resolve() };
    this.#running.set(uid, running);
    running.done = this.#run(running)
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted && !isKubeError(error, 'not-found', 'conflict'))
          process.stderr.write(`job runner: pod ${name}: ${String(error)}\n`);
      })
      .finally(() => {
        this.#running.delete(uid);
        this.#wake();
      });
  }

  async #run(running: RunningPod): Promise<void> {
    const { pod, folder } = running;
    const spec = pod.spec as unknown as JsonObject;
    const [container = {}] = objectsAt(spec, 'containers');
    const mounts = await this.#volumes(pod, spec, container, folder);
    running.process = await PodProcess.start({
      folder: join(folder, 'process'),
      command: listAt(container, 'command').map(String),
      environment: await this.#environment(pod, container),
      mounts,
      capabilities: listAt(container, 'securityContext', 'capabilities', 'add').map(String),
    });
    if (this.#stop.signal.aborted) running.process.kill();
    const startedAt = now();
    const status = (phase: string, state: object, more: object = {}): Promise<void> =>
      this.#patchStatus(BUILD_PODS, pod, {
        phase,
        containerStatuses: [
          { name: textAt(container, 'name'), state, ready: false, restartCount: 0, image: '', imageID: '' },
        ],
        ...more,
      }).catch(ignoreGone);
    await status('Running', { running: { startedAt } });
    const { exitCode: code, message } = await running.process.ended;
    running.process = undefined;
    const { cause } = running;
    const reason =
      code === 0 ? 'Completed' : ((cause?.disruption === undefined ? cause?.reason : undefined) ?? 'Error');
    const terminated = {
      exitCode: code,
      reason,
      startedAt,
      finishedAt: now(),
      ...(message === '' ? {} : { message }),
    };
    const conditions: Condition[] =
      cause?.disruption === undefined
        ? []
        : [
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: cause.disruption,
              message: 'The node was low on resource: ephemeral-storage.',
            },
          ];
    await status(
      code === 0 ? 'Succeeded' : 'Failed',
      { terminated },
      {
        ...(conditions.length === 0 ? {} : { conditions }),
        ...(cause?.disruption === undefined ? {} : { reason: cause.reason }),
      },
    );
    const { kube, namespace } = this.#options;
    const left = await kube.get(BUILD_PODS, { namespace, name: pod.metadata.name }).catch(ignoreGone);
    if (left?.metadata.deletionTimestamp !== undefined) await this.#deletePod(pod);
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  }

  async #environment(pod: BuildPod, container: JsonObject): Promise<Readonly<Record<string, string>>> {
    const { access } = this.#options;
    const { hostname, port } = new URL(access.server);
    const entries = objectsAt(container, 'env').map(async (variable) => {
      const name = textAt(variable, 'name');
      const path = textAt(variable, 'valueFrom', 'fieldRef', 'fieldPath');
      if (path !== '') return [name, path === 'metadata.name' ? pod.metadata.name : this.#options.namespace];
      const secret = textAt(variable, 'valueFrom', 'secretKeyRef', 'name');
      if (secret === '') return [name, textAt(variable, 'value')];
      const key = textAt(variable, 'valueFrom', 'secretKeyRef', 'key');
      return [name, (await this.#contents(SECRETS, secret)).get(key)?.toString() ?? ''];
    });
    return {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      ...(Object.fromEntries(await Promise.all(entries)) as Record<string, string>),
    };
  }

  async #volumes(
    pod: BuildPod,
    spec: JsonObject,
    container: JsonObject,
    folder: string,
  ): Promise<readonly BindMount[]> {
    const volumes = new Map(objectsAt(spec, 'volumes').map((volume) => [textAt(volume, 'name'), volume]));
    const mounts = objectsAt(container, 'volumeMounts').map(async (mount): Promise<BindMount> => {
      const name = textAt(mount, 'name');
      const path = join(folder, 'volumes', name);
      await this.#fill(volumes.get(name) ?? {}, path);
      const subPath = textAt(mount, 'subPath');
      return { from: subPath === '' ? path : join(path, subPath), to: textAt(mount, 'mountPath') };
    });
    return [...(await Promise.all(mounts)), { from: await this.#account(pod, spec, folder), to: TOKEN }];
  }

  async #fill(volume: JsonObject, path: string): Promise<void> {
    await mkdir(path, { recursive: true });
    const secret = textAt(volume, 'secret', 'secretName');
    const configMap = textAt(volume, 'configMap', 'name');
    if (secret === '' && configMap === '') return;
    const contents = await (secret === ''
      ? this.#contents(CONFIG_MAPS, configMap)
      : this.#contents(SECRETS, secret));
    const items = objectsAt(volume, secret === '' ? 'configMap' : 'secret', 'items');
    const mode = numberAt(volume, secret === '' ? 'configMap' : 'secret', 'defaultMode') ?? 0o644;
    const named = new Map(items.map((item) => [textAt(item, 'key'), textAt(item, 'path')]));
    for (const [key, content] of contents) {
      const name = items.length === 0 ? key : named.get(key);
      if (name !== undefined) await writeFile(join(path, name), content, { mode });
    }
  }

  async #contents(type: ResourceType, name: string): Promise<ReadonlyMap<string, Buffer>> {
    const { kube, namespace } = this.#options;
    const found = (await kube.get(type, { namespace, name })) as KubeObject & {
      readonly data?: Record<string, string>;
      readonly binaryData?: Record<string, string>;
    };
    const isSecret = type.plural === 'secrets';
    return new Map([
      ...Object.entries(found.data ?? {}).map(
        ([key, value]) => [key, Buffer.from(value, isSecret ? 'base64' : 'utf8')] as const,
      ),
      ...Object.entries(found.binaryData ?? {}).map(
        ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
      ),
    ]);
  }

  /** The folder of the service account, with a token that is good as long as the pod is there. */
  async #account(pod: BuildPod, spec: JsonObject, folder: string): Promise<string> {
    const { kube, namespace, access } = this.#options;
    const name = textAt(spec, 'serviceAccountName') || 'default';
    const { name: podName, uid = '' } = pod.metadata;
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name, namespace },
      spec: {
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: podName, uid },
        expirationSeconds: 3600,
      },
    };
    const granted = await kube.create(SERVICE_ACCOUNTS, request, { subresource: 'token' });
    const path = join(folder, 'account');
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'token'), textAt(granted as unknown as JsonObject, 'status', 'token'));
    await writeFile(join(path, 'namespace'), namespace);
    const { authority = { value: '' } } = access;
    await writeFile(
      join(path, 'ca.crt'),
      'file' in authority ? await readFile(authority.file) : authority.value,
    );
    return path;
  }

  async #patchStatus<T extends KubeObject>(type: ResourceType<T>, object: T, status: object): Promise<void> {
    const { name = '', namespace = '', uid } = object.metadata;
    const key: ObjectKey = { namespace, name };
    await this.#options.kube.patch(
      type,
      key,
      { type: 'merge', patch: { metadata: { uid }, status } },
      { subresource: 'status' },
    );
  }
}

function permanentCodes(job: BuildJob): readonly number[] {
  return objectsAt(job.spec, 'podFailurePolicy', 'rules')
    .filter((rule) => textAt(rule, 'action') === 'FailJob')
    .flatMap((rule) => listAt(rule, 'onExitCodes', 'values').map(Number));
}

function exitCode(pod: BuildPod): number {
  return pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? -1;
}

function numberOr(job: BuildJob, member: string, other: number): number {
  return numberAt(job.spec, member) ?? other;
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function ignoreGone(error: unknown): undefined {
  if (!isKubeError(error, 'not-found', 'conflict', 'aborted')) throw error;
  return undefined;
}
