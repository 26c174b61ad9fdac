import type { MachineConfig, MachineConfigPool, MachineOSBuild } from '../api/index.ts';
import {
  CURRENT_IMAGE_ANNOTATION,
  buildStateOf,
  matchesSelector,
  ROLLBACK_TO_ANNOTATION,
} from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import {
  buildInForce,
  disruptionOf,
  imageMode,
  mergePolicies,
  renderedOwner,
} from '../machineconfig/index.ts';
import { numberBuilds } from '../osbuild/index.ts';
import type { RolloutObjects } from './rollout-objects.ts';

/** The images that a pool had, as far as its builds are kept. */
export interface PoolHistory {
  readonly pool: string;
  /** Whether a person has it stay at an earlier one, and at which configuration. */
  readonly rolledBackTo: string | null;
  /** The oldest first. */
  readonly images: readonly PastImage[];
}

/** One image that a pool had. What there is not, or is not known any more, is null. */
export interface PastImage {
  /** What `varve rollback --to` takes; it stays when older ones go. */
  readonly number: number;
  readonly build: string;
  readonly image: string;
  readonly configuration: string;
  /** When it was built; RFC 3339. */
  readonly built: string | null;
  /** What is different from the one before it: paths, units, fields. */
  readonly changes: readonly string[] | null;
  /** Who changed the MachineConfigs: their field managers. What has been changed again since is not known. */
  readonly by: readonly string[];
  /** Whether the pool's nodes are to run it now. */
  readonly inForce: boolean;
  /** Nodes that run it, of whatever pool. */
  readonly nodes: readonly string[];
}

/** Collects the history of a pool: every successful build of its MachineOSConfig that retention has kept. */
export function poolHistory(objects: RolloutObjects, pool: MachineConfigPool): PoolHistory {
  const { osConfig } = imageMode(pool, objects.osConfigs, undefined);
  const numbered = numberBuilds(
    objects.osBuilds
      .filter(({ spec }) => spec.machineOSConfig.name === osConfig?.metadata.name)
      .filter((build) => buildStateOf(build) === 'succeeded'),
  );
  const builds = numbered.map(({ build }) => build);
  const inForce =
    osConfig === undefined ? undefined : buildInForce(pool, osConfig, objects.osBuilds)?.metadata.name;
  const images = numbered.map(({ build, revision }, at): PastImage => {
    const { metadata, spec, status } = build;
    const image = status?.digestedImagePushSpec ?? '';
    return {
      number: revision,
      build: metadata.name,
      image,
      configuration: spec.machineConfig.name,
      built: textOr(status?.buildEnd) ?? textOr(metadata['creationTimestamp']),
      changes: changesOf(objects, builds[at - 1], build),
      by: authorsOf(objects, pool, builds[at - 1], build),
      inForce: metadata.name === inForce,
      nodes: objects.nodes
        .filter((node) => digestOf(node.metadata.annotations?.[CURRENT_IMAGE_ANNOTATION]) === digestOf(image))
        .map((node) => node.metadata.name)
        .toSorted(compareText),
    };
  });
  return {
    pool: pool.metadata.name,
    rolledBackTo: pool.metadata.annotations?.[ROLLBACK_TO_ANNOTATION] || null,
    images,
  };
}

function changesOf(
  { machineConfigs }: RolloutObjects,
  before: MachineOSBuild | undefined,
  after: MachineOSBuild,
): readonly string[] | null {
  if (before === undefined) return null;
  const [old, now] = [before, after].map(({ spec }) =>
    machineConfigs.find(({ metadata }) => metadata.name === spec.machineConfig.name),
  );
  if (old === undefined || now === undefined) return null;
  if (old === now) return ['the base image or the MachineOSConfig'];
  return disruptionOf(old, now, mergePolicies(undefined)).items;
}

/** Who last wrote to a MachineConfig of the pool between the two builds. */
function authorsOf(
  { machineConfigs }: RolloutObjects,
  pool: MachineConfigPool,
  before: MachineOSBuild | undefined,
  after: MachineOSBuild,
): readonly string[] {
  const { machineConfigSelector: selector } = pool.spec;
  if (selector === undefined) return [];
  const from = before === undefined ? -Infinity : secondOf(before.metadata['creationTimestamp']);
  const until = secondOf(after.metadata['creationTimestamp']);
  const names = machineConfigs
    .filter(({ metadata }) => renderedOwner(metadata) === undefined)
    .filter(({ metadata }) => matchesSelector(selector, metadata.labels))
    .flatMap((source) => managersOf(source))
    .filter(({ second }) => second > from - 1 && second <= until)
    .map(({ name }) => name);
  return [...new Set(names)].toSorted(compareText);
}

function managersOf({
  metadata,
}: MachineConfig): readonly { readonly name: string; readonly second: number }[] {
  const entries: unknown = metadata['managedFields'];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { manager, time } = entry as { readonly manager?: unknown; readonly time?: unknown };
    return typeof manager === 'string' && typeof time === 'string'
      ? [{ name: manager, second: secondOf(time) }]
      : [];
  });
}

function secondOf(time: unknown): number {
  return typeof time === 'string' ? Math.floor(Date.parse(time) / 1000) : NaN;
}

/** By digest alone: a node may have pulled the image from a mirror. */
function digestOf(image: string | undefined): string | undefined {
  return image === undefined ? undefined : (image.split('@')[1] ?? image);
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
