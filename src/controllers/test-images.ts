// Objects and registries for the tests of what makes images, in this room.
import type { MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import { API_VERSION } from '../api/index.ts';
import type { KubeObject } from '../kube/index.ts';
import type { PoolRegistry, RegistrySecret } from '../osbuild/index.ts';
import { buildStatus, type BuildNews } from '../osbuild/index.ts';

export const REPOSITORY = 'registry.example.com/team/os';
export const IMAGE: string = `${REPOSITORY}@sha256:${'a'.repeat(64)}`;

export function osConfigOf(
  pool: string,
  spec: Partial<MachineOSConfig['spec']> = {},
  metadata: Partial<MachineOSConfig['metadata']> = {},
): MachineOSConfig {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSConfig',
    metadata: { name: pool, uid: `uid-${pool}`, resourceVersion: '1', ...metadata },
    spec: {
      machineConfigPool: { name: pool },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: `${REPOSITORY}:latest`,
      ...spec,
    },
  };
}

/** A build of a pool, in a state. */
export function buildOf(pool: string, hash: string, news?: BuildNews): MachineOSBuild {
  const name = `${pool}-${hash.repeat(32).slice(0, 32)}`;
  const build: MachineOSBuild = {
    apiVersion: API_VERSION,
    kind: 'MachineOSBuild',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1' },
    spec: {
      machineConfig: { name: `rendered-${pool}-${hash}` },
      machineOSConfig: { name: pool },
      renderedImagePushSpec: `${REPOSITORY}:${name}`,
    },
  };
  const status = news === undefined ? undefined : buildStatus(build, news, new Date(0));
  return status === undefined ? build : { ...build, status };
}

export function secretOf(name: string, auths: unknown = {}): RegistrySecret & KubeObject {
  const document = Buffer.from(JSON.stringify({ auths })).toString('base64');
  return {
    metadata: { name, namespace: 'varve', uid: `uid-${name}`, resourceVersion: '1' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': document },
  };
}

/** A registry that does what a test says, and nothing else. */
export function registryOf(does: Partial<PoolRegistry>): PoolRegistry {
  const unexpected = (): never => {
    throw new Error('the registry is not to be asked');
  };
  return {
    resolveBase: unexpected,
    build: unexpected,
    has: unexpected,
    publishTags: unexpected,
    listImages: unexpected,
    customisationsOf: unexpected,
    deleteImages: unexpected,
    close: () => {},
    ...does,
  };
}
