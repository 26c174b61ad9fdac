import { type Digest, sha256 } from './digest.ts';
import {
  type Descriptor,
  MAX_MANIFEST_BYTES,
  parseImageIndex,
  type Platform,
  readJsonObject,
} from './documents.ts';
import { isManifestType, mediaFamilyOf } from './media-type.ts';
import { OciError } from './oci-error.ts';

/**
 * The image manifests of an index or manifest list for one architecture, or for all of them. Architectures are
 * named as Go names them, with the variant after a slash where one is meant: `amd64`, `arm64`, `arm/v7`. Without a variant
 * the one that every machine of the architecture runs is preferred. Attestations, artifacts, nested indexes and
 * other operating systems are passed over. The only image of an index needs no platform; its config tells it.
 * @param index what {@link parseImageIndex} returned
 * @throws {OciError} code `not-found`, naming what there is
 */
export function selectManifests(
  index: { readonly manifests: readonly Descriptor[] },
  architecture: string,
): readonly Descriptor[] {
  const images = index.manifests.filter(isLinuxImage);
  const [first, ...others] = images;
  if (first !== undefined && others.length === 0 && first.platform === undefined) return images;
  const placed = images.filter((image) => image.platform !== undefined);
  if (architecture === 'all' && placed.length > 0) return placed;
  const [name = '', variant] = architecture.split('/', 2);
  const candidates = placed.filter((image) => image.platform?.architecture === name);
  const chosen =
    variant === undefined
      ? (candidates.find((image) => isBaseline(image.platform)) ?? candidates[0])
      : candidates.find((image) => (image.platform?.variant ?? BASELINE.get(name)) === variant);
  if (chosen !== undefined) return [chosen];
  const there = [...new Set(placed.map((image) => platformName(image.platform)))].join(', ');
  throw new OciError(
    'not-found',
    `cannot select ${architecture === 'all' ? 'an image' : JSON.stringify(architecture)} from index: it has ` +
      (there === '' ? 'no image for Linux' : `only ${there}`),
  );
}

/** An image that takes the place of a child of the base index. */
export interface RebuiltChild {
  /** The digest of the child of the base index. */
  readonly base: Digest;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** The bytes of a document to push, and how a descriptor names them. */
export interface BuiltIndex {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Builds the index of rebuilt images. Children keep their order, platform, annotations and unknown members; those
 * that were not rebuilt are left out, so that no platform of the new index runs an old image (host-contract §5.5).
 * Attestations go too: they are about the base's digests.
 * @param annotations are set on the index; a Docker manifest list has none, and they are left out there
 * @throws {OciError} code `malformed`, `unsupported` or `too-large`; `not-found` for a child that the base lacks
 */
export function buildIndex(
  base: { readonly index: Uint8Array; readonly mediaType: string },
  children: readonly RebuiltChild[],
  annotations: Readonly<Record<string, string>> = {},
): BuiltIndex {
  const index = parseImageIndex(base.index, base.mediaType);
  const family = mediaFamilyOf(base.mediaType);
  const rebuilt = new Map(children.map((child) => [child.base, child]));
  const manifests = index.manifests.flatMap((descriptor) => {
    const child = rebuilt.get(descriptor.digest);
    if (child === undefined) return [];
    if (mediaFamilyOf(child.mediaType) !== family || !isManifestType(child.mediaType)) {
      throw new OciError(
        'unsupported',
        `cannot build index: ${child.digest} is not an image of its ${family} family`,
      );
    }
    return [pointAt(descriptor, child)];
  });
  const present = new Set(index.manifests.map((descriptor) => descriptor.digest));
  const stranger = children.find((child) => !present.has(child.base));
  if (stranger !== undefined) {
    throw new OciError('not-found', `cannot build index: the base index has no child ${stranger.base}`);
  }
  const original = readJsonObject('index', base.index, MAX_MANIFEST_BYTES);
  const document = {
    ...original,
    manifests,
    ...(family === 'docker' || Object.keys(annotations).length === 0
      ? {}
      : { annotations: { ...index.annotations, ...annotations } }),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new OciError(
      'too-large',
      `cannot build index: it would have ${bytes.length} bytes, more than the ${MAX_MANIFEST_BYTES} registries take`,
    );
  }
  return { bytes, mediaType: base.mediaType, digest: sha256(bytes), size: bytes.length };
}

/**
 * A copy of a descriptor that points at other content. What described the old content alone (embedded data,
 * download addresses) is left out.
 */
export function pointAt(
  descriptor: Descriptor,
  content: { readonly mediaType: string; readonly digest: Digest; readonly size: number },
): Descriptor {
  const { data: _data, urls: _urls, ...kept } = descriptor;
  return { ...kept, mediaType: content.mediaType, digest: content.digest, size: content.size };
}

/** The variant that every machine of an architecture runs; an absent variant means this one. */
const BASELINE: ReadonlyMap<string, string> = new Map([
  ['amd64', 'v1'],
  ['arm64', 'v8'],
]);
/** What buildkit marks attestations with, besides the platform `unknown/unknown`. */
const ATTESTATION = 'vnd.docker.reference.type';

function isLinuxImage({ mediaType, artifactType, platform, annotations }: Descriptor): boolean {
  if (!isManifestType(mediaType) || artifactType !== undefined) return false;
  if (annotations?.[ATTESTATION] !== undefined) return false;
  return platform === undefined || (platform.os === 'linux' && platform.architecture !== 'unknown');
}

function isBaseline(platform: Platform | undefined): boolean {
  if (platform === undefined) return false;
  return platform.variant === undefined || platform.variant === BASELINE.get(platform.architecture);
}

function platformName(platform: Platform | undefined): string {
  const { architecture = 'unknown', variant } = platform ?? {};
  return variant === undefined ? architecture : `${architecture}/${variant}`;
}
