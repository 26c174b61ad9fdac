import {
  API_VERSION,
  DEFAULT_OS_CONFIG_ANNOTATION,
  LAYERED_ANSWERED_ANNOTATION,
  LAYERED_LABEL,
  compareNewestFirst,
} from '../api/index.ts';
import type { MachineConfigPool, MachineOSConfig } from '../api/index.ts';

/** Where the images of a pool go whose MachineOSConfig Varve makes: Varve's own configuration. */
export interface ImageModeDefaults {
  /** `host/name`; every pool has tags of its own in it. */
  readonly pushRepository: string;
  readonly pushSecret: string;
  /** Absent: the cluster's pull secret. */
  readonly pullSecret?: string;
  /** Every pool is in image mode, labelled or not (architecture D11). */
  readonly everyPool: boolean;
}

/** One write that brings the objects in line with what people asked for. */
export type ImageModeAction =
  | { readonly kind: 'create'; readonly osConfig: MachineOSConfig }
  /** Annotate the pool: its label has been answered. */
  | { readonly kind: 'remember' }
  /** Take the pool's annotation away, and its label: the answer to it was deleted, which opts the pool out. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'delete'; readonly osConfig: string };

/** Whether a pool is in image mode. */
export interface ImageMode {
  /** The MachineOSConfig to follow; without one the pool's nodes run the image that they would have without Varve. */
  readonly osConfig?: MachineOSConfig;
  readonly action?: ImageModeAction;
  /** What a person has to change, for a condition and an event. */
  readonly problem?: ImageModeProblem;
}

/**
 * - `SeveralMachineOSConfigs`: the oldest one stays in force.
 * - `LayeredLabelNotSupported`: the pool is of the control plane.
 * - `NoPushRepository`: nobody said where images go.
 */
interface ImageModeProblem {
  readonly reason: 'SeveralMachineOSConfigs' | 'LayeredLabelNotSupported' | 'NoPushRepository';
  readonly message: string;
}

/** Pools for which the label does nothing: their nodes are switched by hand, with a MachineOSConfig. */
const CONTROL_PLANE: ReadonlySet<string> = new Set(['master', 'arbiter']);

/** Whether the label {@link LAYERED_LABEL} asks for images of a pool of this name; for the others a MachineOSConfig does. */
export function takesLayeredLabel(pool: string): boolean {
  return !CONTROL_PLANE.has(pool);
}

/**
 * Decides whether a pool is in image mode: it is while a MachineOSConfig names it. The label {@link LAYERED_LABEL} of a pool
 * asks for a default one; without the label that one goes, and without that one the label goes, so that removing either
 * opts the pool out. What people made is never deleted.
 *
 * @param osConfigs all there are
 */
export function imageMode(
  pool: MachineConfigPool,
  osConfigs: readonly MachineOSConfig[],
  defaults: ImageModeDefaults | undefined,
): ImageMode {
  const mine = osConfigs
    .filter(({ spec }) => spec.machineConfigPool.name === pool.metadata.name)
    .sort(compareNewestFirst);
  const alive = mine.filter(({ metadata }) => metadata['deletionTimestamp'] === undefined);
  const osConfig = alive.at(-1);
  if (alive.length > 1 && osConfig !== undefined) return { osConfig, problem: severalProblem(pool, alive) };
  if (osConfig !== undefined) return follow(pool, osConfig, defaults);
  // The name is free again only when the old object is gone.
  return mine.length > 0 && defaults?.everyPool === true ? {} : begin(pool, defaults);
}

function follow(
  pool: MachineConfigPool,
  osConfig: MachineOSConfig,
  defaults: ImageModeDefaults | undefined,
): ImageMode {
  const isDefault = osConfig.metadata.annotations?.[DEFAULT_OS_CONFIG_ANNOTATION] === 'true';
  const isWanted = isLabelled(pool) || defaults?.everyPool === true;
  if (isDefault && !isWanted) return { action: { kind: 'delete', osConfig: osConfig.metadata.name } };
  const isAnswer = isDefault && isLabelled(pool);
  if (isAnswer && !isAnswered(pool)) return { osConfig, action: { kind: 'remember' } };
  if (!isLabelled(pool) && isAnswered(pool)) return { osConfig, action: { kind: 'forget' } };
  return { osConfig };
}

function begin(pool: MachineConfigPool, defaults: ImageModeDefaults | undefined): ImageMode {
  const { name } = pool.metadata;
  const everyPool = defaults?.everyPool === true;
  if (isAnswered(pool) && !everyPool) return { action: { kind: 'forget' } };
  if (!isLabelled(pool) && !everyPool) return {};
  if (!takesLayeredLabel(name) && !everyPool) {
    return refuse(
      'LayeredLabelNotSupported',
      `metadata.labels: ${LAYERED_LABEL} is for worker and custom pools; create a MachineOSConfig named ${name} to build images for pool ${name}`,
    );
  }
  if (defaults === undefined) {
    return refuse(
      'NoPushRepository',
      `metadata.labels: ${LAYERED_LABEL} asks for an image of pool ${name}, but no repository to push images to is configured; configure one, or create a MachineOSConfig named ${name}`,
    );
  }
  return { action: { kind: 'create', osConfig: defaultOSConfig(name, defaults) } };
}

function defaultOSConfig(pool: string, defaults: ImageModeDefaults): MachineOSConfig {
  const { pushRepository, pushSecret, pullSecret } = defaults;
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSConfig',
    metadata: { name: pool, annotations: { [DEFAULT_OS_CONFIG_ANNOTATION]: 'true' } },
    spec: {
      machineConfigPool: { name: pool },
      imageBuilder: { imageBuilderType: 'Job' },
      ...(pullSecret === undefined ? {} : { baseImagePullSecret: { name: pullSecret } }),
      renderedImagePushSecret: { name: pushSecret },
      renderedImagePushSpec: `${pushRepository}:${pool}`,
    },
  };
}

function severalProblem(pool: MachineConfigPool, osConfigs: readonly MachineOSConfig[]): ImageModeProblem {
  const names = osConfigs.map(({ metadata }) => metadata.name).reverse();
  return {
    reason: 'SeveralMachineOSConfigs',
    message: `MachineOSConfigs ${names.join(', ')} all have spec.machineConfigPool.name ${JSON.stringify(pool.metadata.name)}; ${names[0] ?? ''} stays in force, delete the others`,
  };
}

function refuse(reason: ImageModeProblem['reason'], message: string): ImageMode {
  return { problem: { reason, message } };
}

function isLabelled({ metadata }: MachineConfigPool): boolean {
  return metadata.labels?.[LAYERED_LABEL] !== undefined;
}

function isAnswered({ metadata }: MachineConfigPool): boolean {
  return metadata.annotations?.[LAYERED_ANSWERED_ANNOTATION] !== undefined;
}
