// A container build that is made as a Job, and what a cluster does with it, for the tests of this room.
import { parseReference } from '../oci/index.ts';
import {
  DEFAULT_JOB_SETTINGS,
  jobNames,
  type BuildJob,
  type BuildPod,
  type ContainerBuildRequest,
  type JobNames,
  type JobOrder,
} from '../osbuild/index.ts';
import type { FakeCluster } from './test-cluster.ts';
import { BUILD_PODS, CONFIG_MAPS, JOBS } from './resources.ts';
import { buildOf, REPOSITORY } from './test-images.ts';

export const DIGEST = `sha256:${'d'.repeat(64)}` as const;

/** What a build of the pool `worker` asks for. */
export function jobOrder(request: Partial<ContainerBuildRequest> = {}): JobOrder {
  const build = buildOf('worker', 'a');
  return {
    build,
    pool: 'worker',
    architecture: 'amd64',
    namespace: 'varve',
    names: jobNames(build.metadata.name, 'amd64'),
    request: {
      assembled: { text: 'FROM base AS configs\n', files: new Map(), steps: [] },
      mediaFamily: 'oci',
      push: parseReference(`${REPOSITORY}:build-1`),
      images: [],
      mounts: [{ path: '/run/secrets/rhsm', files: new Map(), source: 'Secret rhsm' }],
      proxyEnvironment: {},
      signal: new AbortController().signal,
      say: () => undefined,
      ...request,
    },
    access: {
      pull: undefined,
      push: { name: 'varve/push', document: '{"auths":{}}' },
      certificateAuthorities: [],
      insecureRegistries: [],
      proxyEnvironment: {},
    },
    settings: { ...DEFAULT_JOB_SETTINGS, image: 'registry.example.com/varve/builder:1' },
  };
}

/** Says of a Job that it has come to its end. */
export function endJob(
  cluster: FakeCluster,
  { job: name }: JobNames,
  type: 'Complete' | 'Failed',
  reason: string = type,
): void {
  const job = cluster.find(JOBS, name) as BuildJob;
  cluster.put(JOBS, { ...job, status: { conditions: [{ type, status: 'True', reason }] } });
}

export type PodState = NonNullable<
  NonNullable<NonNullable<BuildPod['status']>['containerStatuses']>[number]['state']
>;

/** Says how a pod of a Job is, which may be new. */
export function putPod(
  cluster: FakeCluster,
  { job }: JobNames,
  name: string,
  state: PodState,
  status: NonNullable<BuildPod['status']> = {},
): void {
  const phase =
    state.waiting !== undefined
      ? 'Pending'
      : state.running !== undefined
        ? 'Running'
        : state.terminated?.exitCode === 0
          ? 'Succeeded'
          : 'Failed';
  const creationTimestamp = cluster.find(BUILD_PODS, name)?.metadata.creationTimestamp;
  cluster.put(BUILD_PODS, {
    metadata: {
      name,
      namespace: 'varve',
      labels: { 'batch.kubernetes.io/job-name': job },
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { nodeName: 'node-1' },
    status: { phase, containerStatuses: [{ name: 'image-build', state }], ...status },
  });
}

/** Writes into one of the ConfigMaps of a build, as its pods do. */
export function write(cluster: FakeCluster, name: string, data: Readonly<Record<string, string>>): void {
  const found = cluster.find(CONFIG_MAPS, name);
  if (found === undefined) throw new Error(`there is no ConfigMap ${name}`);
  cluster.put(CONFIG_MAPS, { ...found, data: { ...found.data, ...data } });
}
