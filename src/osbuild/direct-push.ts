import type { Descriptor, Digest, Reference } from '../oci/index.ts';
import { buildIndex, formatRepository, withDigest } from '../oci/index.ts';
import type { Base, ResolvedBase } from './base-catalog.ts';
import { isBlobUnknown } from './base-catalog.ts';
import type { BlobTransfer } from './blob-push.ts';
import { baseLayerTransfers } from './blob-push.ts';
import { inParallel } from './bounded-parallel.ts';
import type { BuildHost } from './build-host.ts';
import type { CurrentImage } from './current-image.ts';
import { rememberPushed } from './current-image.ts';
import type { DirectImage } from './direct-image.ts';
import { OsBuildError } from './osbuild-error.ts';

/** Blobs on their way at once. */
const CONCURRENT_BLOBS = 8;

/** What a push did. */
export interface Pushed {
  /** What the tag names now: the image, or of several architectures the index. */
  readonly digest: Digest;
  /** `registry/repository@digest`, which is what a node is told. */
  readonly reference: string;
  /** True when the tag named this very digest before: nothing was written. */
  readonly upToDate: boolean;
  /** What the tag holds now. */
  readonly content: CurrentImage;
  readonly mounted: number;
  readonly copied: number;
}

export interface PushOptions {
  readonly dryRun?: boolean;
  /** Blobs that are there besides those of the current image. */
  readonly known?: ReadonlySet<Digest>;
  /** The tag that the next build will ask what it holds. Default: the one that is pushed to. */
  readonly next?: Reference;
}

/**
 * Pushes assembled images: base layers, then configuration layers and configs, then manifests by digest, and the tag
 * last (host-contract §5.7), so that whatever stops a push leaves the tag as it was. With `dryRun` nothing is written.
 */
export async function pushImages(
  { registry, cache }: BuildHost,
  push: Reference,
  base: ResolvedBase,
  images: readonly DirectImage[],
  current: CurrentImage | undefined,
  options: PushOptions = {},
): Promise<Pushed> {
  const top = topDocument(base, images);
  const content = contentOf(top.digest, images);
  const done = { digest: top.digest, reference: `${formatRepository(push)}@${top.digest}`, content };
  const upToDate = current?.digest === top.digest;
  if (upToDate || options.dryRun === true) return { ...done, upToDate, mounted: 0, copied: 0 };
  const moved: unknown[] = [];
  const pushOnce = async (known: ReadonlySet<Digest>): Promise<void> => {
    for (const image of images) {
      const own: readonly (readonly [Descriptor, Uint8Array])[] = [
        [image.layer.descriptor, image.layer.bytes],
        [image.configDescriptor, image.config],
      ];
      const steps: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
        ...own
          .filter(([{ digest }]) => !known.has(digest))
          .map(
            ([descriptor, bytes]): BlobTransfer =>
              (signal) =>
                registry.putBlob(push, descriptor, bytes, signal),
          ),
        // While the registry is at work, but before anything is tagged: a full disk stops the push.
        async () => rememberPushed(cache, options.next ?? push, content),
        ...transfersOf(registry, image.base, push, known),
      ];
      moved.push(...(await inParallel(steps, CONCURRENT_BLOBS, (step, signal) => step(signal))));
      if (base.index !== undefined) {
        await registry.putManifest(withDigest(push, image.digest), image.manifest, image.mediaType);
      }
    }
    await registry.putManifest(push, top.bytes, top.mediaType);
  };
  const known = new Set([...(current?.blobs ?? []), ...(options.known ?? [])]);
  try {
    await pushOnce(known);
  } catch (error) {
    // A registry that lost blobs of a tagged image: provide every one of them and try once more.
    if (!isBlobUnknown(error) || known.size === 0) throw error;
    await pushOnce(new Set());
  }
  const count = (how: string): number => moved.filter((one) => one === how).length;
  return { ...done, upToDate: false, mounted: count('mounted'), copied: count('copied') };
}

/** Of what a container build has made, the layers that it stands on: its own are in the repository, or it would not have been found. */
function transfersOf(
  registry: BuildHost['registry'],
  { customisation, reference, manifest: { layers } }: Base,
  push: Reference,
  known: ReadonlySet<Digest>,
): readonly BlobTransfer[] {
  const [from, below] =
    customisation === undefined
      ? [reference, layers]
      : [customisation.reference, layers.slice(0, customisation.layersBelow)];
  return baseLayerTransfers(registry, from, push, below, known);
}

function contentOf(digest: Digest, images: readonly DirectImage[]): CurrentImage {
  const blobs = images.flatMap(({ configDescriptor, layer, base }) => [
    configDescriptor,
    layer.descriptor,
    ...base.manifest.layers,
  ]);
  return {
    digest,
    manifests: new Set([digest, ...images.map((image) => image.digest)]),
    blobs: new Set(blobs.map((blob) => blob.digest)),
  };
}

interface TopDocument {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

/** What the tag will name: the one image, or the index of all that were built from an index. */
function topDocument(base: ResolvedBase, images: readonly DirectImage[]): TopDocument {
  const [first] = images;
  if (base.index !== undefined) {
    const children = images.map((image) => ({
      base: (image.base.customisation ?? image.base).digest,
      mediaType: image.mediaType,
      digest: image.digest,
      size: image.size,
    }));
    return buildIndex({ index: base.index.bytes, mediaType: base.index.mediaType }, children);
  }
  if (first === undefined) throw new OsBuildError('not-pushed', 'cannot push: no image was built');
  return { bytes: first.manifest, mediaType: first.mediaType, digest: first.digest };
}
