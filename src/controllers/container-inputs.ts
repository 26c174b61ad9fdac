import type { MachineConfig, MachineOSConfig } from '../api/index.ts';
import type { BuildInputs } from '../osbuild/index.ts';
import {
  buildCircumstances,
  buildInputObjects,
  mayNeedContainer,
  readBuildInputs,
} from '../osbuild/index.ts';
import { EXTENSIONS_CONFIG_MAP, extensionsConfigMap } from './extension-config.ts';
import { CONTROLLER_CONFIG } from './os-image-source.ts';
import { clusterKey } from './resources.ts';
import type { ControllerSupport } from './support.ts';

/** What the container build of a pool takes from the cluster. */
export interface ContainerInputs {
  readonly inputs: BuildInputs;
  /** What of it, and of the builder, a failed build is tried anew for when it changes; to be put after those of the access. */
  readonly circumstances: string;
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

/** Of a pool whose image is assembled directly. */
const NOTHING: ContainerInputs = {
  inputs: { mounts: [], certificateAuthorities: [], proxyEnvironment: {} },
  circumstances: '',
};

/**
 * Reads what a pool's container build is given, if it may need one.
 *
 * @throws OsBuildError `invalid-secret` or `invalid-trust-bundle` with the object and field to change
 */
export function containerInputs(
  osConfig: MachineOSConfig,
  rendered: MachineConfig | undefined,
  { containers, view, settings }: Pick<ControllerSupport, 'containers' | 'settings' | 'view'>,
): ContainerInputs {
  if (rendered === undefined || !mayNeedContainer(rendered, osConfig)) return NOTHING;
  const { namespace, certificateAuthorities, proxyEnvironment } = settings;
  const pool = osConfig.spec.machineConfigPool.name;
  const controllerConfig = view.controllerConfigs.cache.get(clusterKey(CONTROLLER_CONFIG));
  const inputs = readBuildInputs({
    pool,
    secret: (name) => view.secrets.cache.get({ namespace, name }),
    configMap: (name) => view.configMaps.cache.get({ namespace, name }),
    controllerConfig,
    certificateAuthorities,
    proxyEnvironment: Object.fromEntries(PROXY_VARIABLES.map((name) => [name, proxyEnvironment[name]])),
  });
  const given = buildInputObjects(pool).flatMap(({ kind, name }) => {
    const cache = kind === 'Secret' ? view.secrets.cache : view.configMaps.cache;
    const found = cache.get({ namespace, name });
    return found === undefined ? [] : [[name, found] as const];
  });
  const extensions = (rendered.spec.extensions ?? []).length === 0 ? undefined : extensionsConfigMap(view);
  const objects = [
    ...given,
    ...(extensions === undefined ? [] : [[EXTENSIONS_CONFIG_MAP, extensions] as const]),
  ];
  // Its status changes, too: what builds are given of it is in the spec.
  const generation = controllerConfig?.metadata['generation'];
  const versions = [
    `builder:${containers.kind}`,
    ...(typeof generation === 'number' ? [`${CONTROLLER_CONFIG}:${generation}`] : []),
    ...(objects.length === 0 ? [] : [buildCircumstances(Object.fromEntries(objects))]),
  ];
  return { inputs, circumstances: ` ${versions.join(' ')}` };
}
