import { GENERATED_BY_ANNOTATION, matchesSelector } from '../api/index.ts';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import type { Rendered, RenderInput } from '../machineconfig/index.ts';
import {
  isRenderedEdited,
  MachineConfigError,
  render,
  renderedFrom,
  renderedOwner,
} from '../machineconfig/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { ControllerError } from './controller-error.ts';
import { configuredNames } from './extension-config.ts';
import { CLUSTER, CONTROLLER_CONFIG, osImageSource, type OSImageSource } from './os-image-source.ts';
import { clusterKey } from './resources.ts';

/** What rendering a pool reads of the cluster. */
export type RenderView = {
  readonly [
    Kind in
      | 'configMaps'
      | 'machineConfigs'
      | 'pools'
      | 'controllerConfigs'
      | 'machineConfigurations'
      | 'osImageStreams'
  ]: Pick<ClusterView[Kind], 'cache'>;
};

const NO_IMAGES: OSImageSource = { images: { osImageURL: '', baseOSExtensionsContainerImage: '' } };

/**
 * All that the configuration of a pool depends on, as the cluster has it now.
 *
 * @throws ControllerError if nothing says what image the pool's nodes run
 */
export function renderInput(view: RenderView, pool: MachineConfigPool): RenderInput {
  const machineConfigs = view.machineConfigs.cache
    .values()
    // What was rendered is no source of anything.
    .filter(({ metadata }) => renderedOwner(metadata) === undefined)
    .toArray();
  const isOverridden = namesItsImage(pool, machineConfigs);
  const { images, stream } = imagesOf(view, pool, isOverridden);
  const current = renderedMachineConfig(view, pool);
  const overrides = view.machineConfigurations.cache.get(clusterKey(CLUSTER))?.spec
    .irreconcilableValidationOverrides?.storage;
  return {
    pool,
    machineConfigs,
    defaults: images,
    moreExtensions: configuredNames(view),
    ...(current === undefined ? {} : { current }),
    ...(overrides === undefined ? {} : { irreconcilableOverrides: overrides }),
    // Of an image that a MachineConfig names nobody knows the stream without asking its registry.
    ...(stream === undefined || isOverridden ? {} : { streamClass: stream }),
  };
}

/**
 * The configuration that the pool's nodes are to get, with who contributed what as long as its MachineConfigs still render to
 * it; undefined if there is none yet, or somebody has edited it. Whether it can be reached from another one is no question any more.
 *
 * @throws MachineConfigError if somebody has made the rendered MachineConfig one that nobody can have rendered
 */
export function renderedOf(view: RenderView, pool: MachineConfigPool): Rendered | undefined {
  const machineConfig = renderedMachineConfig(view, pool);
  if (machineConfig === undefined || isRenderedEdited(machineConfig)) return undefined;
  try {
    const { current: _, ...input } = renderInput(view, pool);
    const rendered = render(input);
    if (rendered.name === machineConfig.metadata.name) return rendered;
  } catch (error) {
    // The MachineConfigs of today say nothing against that of yesterday.
    if (!(error instanceof MachineConfigError) && !(error instanceof ControllerError)) throw error;
  }
  return renderedFrom(machineConfig);
}

/** The rendered MachineConfig that the pool names, if it is there. */
export function renderedMachineConfig(
  view: Pick<RenderView, 'machineConfigs'>,
  pool: MachineConfigPool,
): MachineConfig | undefined {
  const name = pool.spec.configuration?.name ?? '';
  return name === '' ? undefined : view.machineConfigs.cache.get(clusterKey(name));
}

/** Where the images of a pool come from that its MachineConfigs do not name. @throws ControllerError */
export function osImageSourceOf(view: RenderView, pool: MachineConfigPool): OSImageSource {
  return osImageSource(pool, {
    controllerConfig: view.controllerConfigs.cache.get(clusterKey(CONTROLLER_CONFIG)),
    osImageStream: view.osImageStreams.cache.get(clusterKey(CLUSTER)),
    worker: view.pools.cache.get(clusterKey('worker')),
  });
}

/** A pool that names its image needs no default: a cluster without ControllerConfig has none. */
function imagesOf(view: RenderView, pool: MachineConfigPool, isOverridden: boolean): OSImageSource {
  try {
    return osImageSourceOf(view, pool);
  } catch (error) {
    if (isOverridden && error instanceof ControllerError && error.code === 'no-base-image') return NO_IMAGES;
    throw error;
  }
}

/** Whether a person's MachineConfig decides on the operating system of the pool (contract §2.4). */
function namesItsImage({ spec }: MachineConfigPool, machineConfigs: readonly MachineConfig[]): boolean {
  return machineConfigs.some(
    (machineConfig) =>
      (machineConfig.spec.osImageURL ?? '') !== '' &&
      machineConfig.metadata.annotations?.[GENERATED_BY_ANNOTATION] === undefined &&
      matchesSelector(spec.machineConfigSelector, machineConfig.metadata.labels),
  );
}
