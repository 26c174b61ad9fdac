// A view of a cluster that is not there, and its objects, for the tests of this room.
import type {
  ControllerConfig,
  MachineConfig,
  MachineConfigPool,
  MachineConfigSpec,
  MachineConfiguration,
  OSImageStream,
} from '../api/index.ts';
import { API_VERSION, ROLE_LABEL } from '../api/index.ts';
import { ObjectCache, type KubeObject } from '../kube/index.ts';
import type { RenderView } from './render-input.ts';
import type { ConfigMap } from './resources.ts';

interface TestObjects {
  readonly machineConfigs?: readonly MachineConfig[];
  readonly pools?: readonly MachineConfigPool[];
  readonly controllerConfigs?: readonly ControllerConfig[];
  readonly machineConfigurations?: readonly MachineConfiguration[];
  readonly osImageStreams?: readonly OSImageStream[];
  readonly configMaps?: readonly ConfigMap[];
}

/** A view that holds these objects and follows nothing. */
export function testView(objects: TestObjects): RenderView {
  return {
    machineConfigs: cached(objects.machineConfigs),
    pools: cached(objects.pools),
    controllerConfigs: cached(objects.controllerConfigs ?? [controllerConfig(OS_IMAGE)]),
    machineConfigurations: cached(objects.machineConfigurations),
    osImageStreams: cached(objects.osImageStreams),
    configMaps: cached(objects.configMaps),
  };
}

function cached<T extends KubeObject>(objects: readonly T[] = []): { readonly cache: ObjectCache<T> } {
  const cache = new ObjectCache<T>();
  cache.replace(objects);
  return { cache };
}

export const OS_IMAGE: string = image('os', '1');

/** An image by its digest, of the 64 times repeated digit. */
export function image(name: string, digit: string): string {
  return `registry.example.com/${name}@sha256:${digit.repeat(64)}`;
}

export function machineConfig(name: string, role: string, spec: MachineConfigSpec = {}): MachineConfig {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1', labels: { [ROLE_LABEL]: role } },
    spec,
  };
}

/** A spec with one file. */
export function withFile(path: string, text: string): MachineConfigSpec {
  const file = { path, contents: { source: `data:,${encodeURIComponent(text)}` } };
  return { config: { ignition: { version: '3.5.0' }, storage: { files: [file] } } };
}

/** A pool that selects the roles worker and its own. */
export function pool(name: string, spec: Partial<MachineConfigPool['spec']> = {}): MachineConfigPool {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1', generation: 1 },
    spec: {
      machineConfigSelector: {
        matchExpressions: [{ key: ROLE_LABEL, operator: 'In', values: ['worker', name] }],
      },
      nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${name}`]: '' } },
      ...spec,
    },
  };
}

/** As the embedded control plane makes it. */
export function controllerConfig(baseOSContainerImage: string, extensions?: string): ControllerConfig {
  return {
    apiVersion: API_VERSION,
    kind: 'ControllerConfig',
    metadata: { name: 'machine-config-controller' },
    spec: {
      clusterDNSIP: '',
      cloudProviderConfig: '',
      kubeAPIServerServingCAData: '',
      rootCAData: '',
      cloudProviderCAData: null,
      additionalTrustBundle: null,
      images: {},
      baseOSContainerImage,
      ...(extensions === undefined ? {} : { baseOSExtensionsContainerImage: extensions }),
      releaseImage: '',
      proxy: null,
      infra: null,
      dns: null,
      ipFamilies: 'IPv4',
      network: null,
    },
  };
}

/** The OSImageStream, whose first stream is the default. */
export function osImageStream(...names: readonly [string, ...string[]]): OSImageStream {
  return {
    apiVersion: API_VERSION,
    kind: 'OSImageStream',
    metadata: { name: 'cluster' },
    spec: { defaultStream: names[0] },
    status: {
      defaultStream: names[0],
      availableStreams: names.map((name) => ({
        name,
        osImage: image(name, '1'),
        osExtensionsImage: image(name, '2'),
      })),
    },
  };
}
