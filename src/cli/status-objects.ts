// Objects of a cluster for the tests of varve status.
import {
  API_VERSION,
  CURRENT_BUILD_ANNOTATION,
  type MachineConfigPool,
  type MachineOSBuild,
  type MachineOSConfig,
} from '../api/index.ts';

/** When everything was made, and when somebody looks. */
export const MADE = '2026-01-01T00:00:00Z';
export const NOW: number = Date.parse('2026-01-01T00:05:00Z');

const CONFIGURATION = 'rendered-worker-1';
export const IMAGE: string = `registry.example.com/os@sha256:${'ab12'.repeat(16)}`;

type PoolStatus = NonNullable<MachineConfigPool['status']>;
type PoolCondition = NonNullable<PoolStatus['conditions']>[number];

/** A pool `worker` that wants a configuration, whose controller has seen it, with three nodes. */
export function pool(
  more: {
    readonly spec?: Partial<MachineConfigPool['spec']>;
    readonly status?: Partial<PoolStatus>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly conditions?: Readonly<Record<string, string>>;
  } = {},
): MachineConfigPool {
  const conditions = Object.entries(more.conditions ?? {}).map(([type, message]): PoolCondition => ({
    type,
    status: 'True',
    reason: '',
    message,
    lastTransitionTime: MADE,
  }));
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: { name: 'worker', generation: 3, labels: more.labels ?? {} },
    spec: { configuration: { name: CONFIGURATION }, ...more.spec },
    status: { observedGeneration: 3, machineCount: 3, readyMachineCount: 3, conditions, ...more.status },
  };
}

export function osConfig(image?: string, build = 'worker-1'): MachineOSConfig {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSConfig',
    metadata: { name: 'worker', annotations: { [CURRENT_BUILD_ANNOTATION]: build } },
    spec: {
      machineConfigPool: { name: 'worker' },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/os/pools:worker',
    },
    ...(image === undefined ? {} : { status: { currentImagePullSpec: image } }),
  };
}

/** A build whose condition of this type is True; without one it has none. */
export function build(
  type?: 'Prepared' | 'Building' | 'Succeeded' | 'Failed' | 'Interrupted',
  more: {
    readonly name?: string;
    readonly configuration?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly status?: Partial<NonNullable<MachineOSBuild['status']>>;
  } = {},
): MachineOSBuild {
  const { name = 'worker-1', configuration = CONFIGURATION, reason = 'Why', message = '' } = more;
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSBuild',
    metadata: { name, creationTimestamp: MADE },
    spec: {
      machineConfig: { name: configuration },
      machineOSConfig: { name: 'worker' },
      renderedImagePushSpec: `registry.example.com/os/pools:${name}`,
    },
    ...(type === undefined
      ? {}
      : {
          status: {
            conditions: [{ type, status: 'True', reason, message, lastTransitionTime: MADE }],
            ...more.status,
          },
        }),
  };
}
