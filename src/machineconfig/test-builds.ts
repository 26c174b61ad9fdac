// MachineOSConfigs and MachineOSBuilds for the tests of this room.
import type { BuildState, MachineOSBuild, MachineOSConfig } from '../api/index.ts';

const TYPES = {
  prepared: 'Prepared',
  building: 'Building',
  failed: 'Failed',
  interrupted: 'Interrupted',
  succeeded: 'Succeeded',
} as const;

export const IMAGE: string = `registry.example.com/os@sha256:${'a'.repeat(64)}`;

/** The MachineOSConfig `infra`, with the image of its last build. */
export function osConfig(image?: string, annotations?: Readonly<Record<string, string>>): MachineOSConfig {
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineOSConfig',
    metadata: { name: 'infra', ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      machineConfigPool: { name: 'infra' },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/os:latest',
    },
    ...(image === undefined ? {} : { status: { currentImagePullSpec: image } }),
  };
}

/** A build of the MachineOSConfig `infra`. */
export function build(state: BuildState, more: BuildOptions = {}): MachineOSBuild {
  const { name = 'infra-1', machineConfig = 'rendered-infra-1', image, created, message = '' } = more;
  const conditions = Object.entries(TYPES).map(([key, type]) => ({
    type,
    status: key === state ? ('True' as const) : ('False' as const),
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: type,
    message: key === state ? message : '',
  }));
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineOSBuild',
    metadata: { name, ...(created === undefined ? {} : { creationTimestamp: created }) },
    spec: {
      machineConfig: { name: machineConfig },
      machineOSConfig: { name: 'infra' },
      renderedImagePushSpec: `registry.example.com/os:${name}`,
    },
    ...(state === 'none'
      ? {}
      : { status: { conditions, ...(image === undefined ? {} : { digestedImagePushSpec: image }) } }),
  };
}

interface BuildOptions {
  readonly name?: string;
  readonly machineConfig?: string;
  readonly image?: string;
  readonly created?: string;
  readonly message?: string;
}
