import type { MachineOSBuild, MachineOSConfig, ObjectMeta } from '../api/index.ts';
import {
  buildStateOf,
  compareNewestFirst,
  CURRENT_BUILD_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  isTerminalState,
  ROLLBACK_IMAGE_ANNOTATION,
} from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import { readCustomisationTag } from './customisation-tags.ts';
import { poolTags } from './pool-tags.ts';

/** How many builds of a MachineOSConfig stay although nothing uses their image, the newest: to go back to. */
const DEFAULT_KEPT = 5;
/** How many that ended without an image stay, the newest: to read what they say. */
const DEFAULT_KEPT_UNSUCCESSFUL = 3;

/** The annotations of a Node that name an image. */
const NODE_ANNOTATIONS = [CURRENT_IMAGE_ANNOTATION, DESIRED_IMAGE_ANNOTATION, ROLLBACK_IMAGE_ANNOTATION];

interface RetentionNode {
  readonly metadata: Pick<ObjectMeta, 'annotations'>;
}

/** What decides which builds of one MachineOSConfig stay. */
export interface BuildUse {
  readonly osConfig: MachineOSConfig;
  /** Of this MachineOSConfig. */
  readonly builds: readonly MachineOSBuild[];
  /** Every node there is: one that has left the pool may still run its image. */
  readonly nodes: readonly RetentionNode[];
  /** The build that the pool wants now. */
  readonly wanted: string | undefined;
  /** @default 5 */
  readonly kept?: number;
  /** @default 3 */
  readonly keptUnsuccessful?: number;
}

/**
 * The names of the builds that may go, sorted: ended, not the one that is wanted or named as the current one, and without
 * an image that the MachineOSConfig or any node runs, is to run, or would go back to. Of the others the newest stay.
 */
export function disposableBuilds(use: BuildUse): readonly string[] {
  const { osConfig, builds, wanted, kept = DEFAULT_KEPT, keptUnsuccessful = DEFAULT_KEPT_UNSUCCESSFUL } = use;
  const current = osConfig.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
  const digests = digestsInUse(use.nodes, [osConfig.status?.currentImagePullSpec]);
  const unused = builds
    .filter((build) => isTerminalState(buildStateOf(build)))
    .filter(({ metadata: { name } }) => name !== wanted && name !== current)
    .filter(({ status }) => !digests.has(digestOf(status?.digestedImagePushSpec)))
    .sort(compareNewestFirst);
  const isSuccessful = (build: MachineOSBuild): boolean => buildStateOf(build) === 'succeeded';
  // What is used takes no place of those that stay to go back to.
  const old = [
    ...unused.filter(isSuccessful).slice(kept),
    ...unused.filter((build) => !isSuccessful(build)).slice(keptUnsuccessful),
  ];
  return old.map(({ metadata }) => metadata.name).sort(compareText);
}

/** A tag of the repository that images of pools are in. */
export interface TaggedImage {
  readonly tag: string;
  /** What the tag names, `sha256:…`. */
  readonly digest: string;
}

/** What decides which images of one MachineOSConfig stay. */
export interface ImageUse {
  readonly osConfig: MachineOSConfig;
  /** Builds of whatever MachineOSConfig that stay. */
  readonly builds: readonly MachineOSBuild[];
  readonly nodes: readonly RetentionNode[];
  /** Everything in the repository; an incomplete list would let go of what it does not name. */
  readonly tags: readonly TaggedImage[];
  /** All pools whose images may be there. */
  readonly pools: readonly string[];
}

/**
 * The digests that may be deleted from the repository, sorted: images that builds of this MachineOSConfig pushed, as
 * their tags say, whose build is gone. Not what any node runs, is to run or would go back to, nor what any other tag
 * names: registries delete an image with all its tags.
 */
export function disposableImages(use: ImageUse): readonly string[] {
  const { osConfig, builds, nodes, tags } = use;
  const stays = staying(use);
  const isOurs = ({ tag }: TaggedImage): boolean => !stays.has(tag) && isBuildOf(osConfig.metadata.name, tag);
  const digests = digestsInUse(nodes, [
    osConfig.status?.currentImagePullSpec,
    ...builds.map(({ status }) => status?.digestedImagePushSpec),
  ]);
  const named = new Set(tags.filter((image) => !isOurs(image)).map(({ digest }) => digest));
  const gone = tags.filter(
    (image) => isOurs(image) && !digests.has(image.digest) && !named.has(image.digest),
  );
  return [...new Set(gone.map(({ digest }) => digest))].sort(compareText);
}

/** What decides which of the images of container builds stay. */
export interface CustomisationUse extends Omit<ImageUse, 'osConfig'> {
  /** The keys of the customisations that other images of the repository stand on. */
  readonly stoodOn: ReadonlySet<string>;
}

/**
 * The images of container builds that may be deleted from the repository, sorted by their tags: customisations that no image of it
 * stands on, and what builds have left. Each of them is only a short cut, for the layers of an image are its own as well; but
 * whether a build is just about to use one is not known here.
 */
export function disposableCustomisations(use: CustomisationUse): readonly TaggedImage[] {
  const { builds, nodes, tags, stoodOn } = use;
  const stays = staying(use);
  const isGone = ({ tag }: TaggedImage): boolean => {
    const read = stays.has(tag) ? undefined : readCustomisationTag(tag);
    return read !== undefined && (read.kind !== 'customisation' || !stoodOn.has(read.key));
  };
  const digests = digestsInUse(
    nodes,
    builds.map(({ status }) => status?.digestedImagePushSpec),
  );
  const named = new Set(tags.filter((image) => !isGone(image)).map(({ digest }) => digest));
  return tags
    .filter((image) => isGone(image) && !digests.has(image.digest) && !named.has(image.digest))
    .sort((one, other) => compareText(one.tag, other.tag));
}

/** The tags that are in use by their name. */
function staying({ pools, builds }: Pick<ImageUse, 'pools' | 'builds'>): ReadonlySet<string> {
  return new Set([
    ...pools.flatMap((pool) => Object.values(poolTags(pool))),
    ...builds.map(({ metadata }) => metadata.name),
  ]);
}

/** By digest alone: a node may have pulled the image from a mirror, under another name. */
function digestsInUse(
  nodes: readonly RetentionNode[],
  images: readonly (string | undefined)[],
): ReadonlySet<string | undefined> {
  const named = nodes.flatMap(({ metadata }) => NODE_ANNOTATIONS.map((key) => metadata.annotations?.[key]));
  return new Set([...named, ...images].map(digestOf).filter((digest) => digest !== undefined));
}

function digestOf(image: string | undefined): string | undefined {
  const at = image?.lastIndexOf('@') ?? -1;
  return at < 0 ? undefined : image?.slice(at + 1);
}

function isBuildOf(osConfig: string, tag: string): boolean {
  return tag.startsWith(`${osConfig}-`) && /^[0-9a-f]{32}$/.test(tag.slice(osConfig.length + 1));
}
