import type { ControllerConfig, MachineConfig, MachineConfigPool } from '../../../src/api/index.ts';
import { API_VERSION, ROLE_LABEL } from '../../../src/api/index.ts';
import { CONTROLLER_CONFIGS } from '../../../src/controllers/resources.ts';
import { clusterObjects } from '../../../src/embedded/index.ts';
import type { Cluster } from './cluster.ts';

/** The image of the operating system of pools that name none; nobody pulls it. */
export const BASE_IMAGE: string = `registry.example.com/base/os@sha256:${'0'.repeat(64)}`;

/**
 * Makes what pools need of a cluster, unless it is there.
 *
 * @returns the image of pools that name none: another one than this base, where somebody has decided on one before
 */
export async function furnishPools(cluster: Cluster, base = BASE_IMAGE): Promise<string> {
  const objects = clusterObjects({ registry: 'registry.example.com', base, authority: 'none' });
  const config = objects.find(({ kind }) => kind === 'ControllerConfig') as unknown as ControllerConfig;
  await cluster.createUnlessThere(CONTROLLER_CONFIGS, config);
  return (await cluster.get(CONTROLLER_CONFIGS, config.metadata.name)).spec.baseOSContainerImage;
}

/** A pool that selects the MachineConfigs of its own role. */
export function poolOf(name: string, spec: Partial<MachineConfigPool['spec']> = {}): MachineConfigPool {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: { name },
    spec: {
      machineConfigSelector: { matchLabels: { [ROLE_LABEL]: name } },
      nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${name}`]: '' } },
      ...spec,
    },
  };
}

/** A MachineConfig of a role, with one file. */
export function machineConfigOf(name: string, role: string, path: string, text: string): MachineConfig {
  const file = { path, contents: { source: `data:,${encodeURIComponent(text)}` } };
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata: { name, labels: { [ROLE_LABEL]: role } },
    spec: { config: { ignition: { version: '3.4.0' }, storage: { files: [file] } } },
  };
}
