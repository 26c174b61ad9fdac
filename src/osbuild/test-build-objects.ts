// Objects for the tests of what is decided about builds.
import type {
  BuildState,
  MachineConfig,
  MachineConfigPool,
  MachineOSBuild,
  MachineOSConfig,
} from '../api/index.ts';
import { newBuild } from './new-build.ts';
import type { BuildInputs, BuildOrigin } from './new-build.ts';
import { buildStatus } from './build-status.ts';
import type { BuildNews } from './build-status.ts';

export const apiVersion = 'machineconfiguration.openshift.io/v1';
export const DIGEST_A: string = `sha256:${'a'.repeat(64)}`;
export const DIGEST_B: string = `sha256:${'b'.repeat(64)}`;
export const NOW: Date = new Date('2026-03-01T12:00:00Z');

export function renderedConfig(name: string, spec: MachineConfig['spec'] = {}): MachineConfig {
  return { apiVersion, kind: 'MachineConfig', metadata: { name }, spec };
}

export function layeredPool(
  rendered: string | undefined,
  spec: Partial<MachineConfigPool['spec']> = {},
): MachineConfigPool {
  const configuration = rendered === undefined ? {} : { configuration: { name: rendered } };
  return {
    apiVersion,
    kind: 'MachineConfigPool',
    metadata: { name: 'worker' },
    spec: { ...configuration, ...spec },
  };
}

export function osConfigOf(
  spec: Partial<MachineOSConfig['spec']> = {},
  annotations: Readonly<Record<string, string>> = {},
  status?: NonNullable<MachineOSConfig['status']>,
): MachineOSConfig {
  return {
    apiVersion,
    kind: 'MachineOSConfig',
    metadata: { name: 'worker', uid: 'config-uid', annotations },
    spec: {
      machineConfigPool: { name: 'worker' },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/team/os:latest',
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

export const INPUTS: BuildInputs = {
  pool: layeredPool('rendered-worker-1'),
  osConfig: osConfigOf(),
  rendered: renderedConfig('rendered-worker-1', { osImageURL: `registry.example.com/base@${DIGEST_B}` }),
};

const NEWS: Readonly<Record<Exclude<BuildState, 'none'>, BuildNews>> = {
  initial: { state: 'initial' },
  prepared: { state: 'prepared' },
  building: { state: 'building' },
  succeeded: { state: 'succeeded', image: `registry.example.com/team/os@${DIGEST_A}` },
  failed: { state: 'failed', reason: 'RegistryUnreachable', message: 'no route' },
  interrupted: { state: 'interrupted', reason: 'Interrupted', message: 'somebody did' },
};

/** A stored build in a state, or with news of another failure or interruption. */
export function storedBuild(
  state: BuildState | BuildNews,
  more: {
    readonly inputs?: BuildInputs;
    readonly origin?: Partial<BuildOrigin>;
    readonly metadata?: Partial<MachineOSBuild['metadata']>;
    readonly at?: Date;
  } = {},
): MachineOSBuild {
  const made = newBuild(more.inputs ?? INPUTS, { circumstances: 'v1', attempt: 1, ...more.origin });
  const build = {
    ...made,
    metadata: { ...made.metadata, uid: `uid of ${made.metadata.name}`, ...more.metadata },
  };
  if (state === 'none') return build;
  const status = buildStatus(build, typeof state === 'string' ? NEWS[state] : state, more.at ?? NOW);
  return status === undefined ? build : { ...build, status };
}
