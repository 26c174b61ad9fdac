import type { Descriptor, Digest, ImageConfig, Manifest, Reference, RegistryClient } from '../oci/index.ts';
import {
  digestHex,
  formatReference,
  MAX_CONFIG_BYTES,
  OciError,
  parseDocument,
  parseImageConfig,
  sha256,
  withDigest,
} from '../oci/index.ts';
import type { BaseIndex } from './base-index.ts';
import { INDEX_VERSION } from './base-index-header.ts';
import { openBaseIndex } from './base-index.ts';
import { indexBase } from './base-indexer.ts';
import { BASE_LIMITS } from './base-limits.ts';
import type { BuildCache } from './build-cache.ts';
import type { BuildHost } from './build-host.ts';
import { fetchIndex, indexLocations, publishIndex } from './index-artifact.ts';
import { chooseImages, readImage, withImage } from './image-reading.ts';
import type { CustomisationContents } from './customisation-layers.ts';
import { keptListings } from './kept-listings.ts';
import { OpenedBases } from './opened-bases.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What a container build has made of a base, which is then the base of the configuration. */
export interface Customisation extends CustomisationContents {
  /** The base that it was made of: what a person named. */
  readonly reference: Reference;
  readonly digest: Digest;
  /** How many layers that base has; the others are the container build's. */
  readonly layersBelow: number;
}

/** One architecture of a base image, with everything that a build on it needs. */
export interface Base {
  /** Absent: as its maker made it. */
  readonly customisation?: Customisation;
  /** As the user wrote it. */
  readonly reference: Reference;
  /** Digest of this architecture's manifest. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifestBytes: Uint8Array;
  readonly manifest: Manifest;
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly facts: BaseIndex;
}

/** {@link Base} before its layers are read: `facts` is undefined where nobody has an index of it. */
export type FoundImage = Omit<Base, 'facts'> & { readonly facts: BaseIndex | undefined };

/** A resolved base reference: one image, or the chosen images of an index. */
export interface ResolvedBase<Image extends FoundImage = Base> {
  readonly reference: Reference;
  /** What the reference points at: of an index, the index. */
  readonly digest: Digest;
  /** The index document when the reference is one. */
  readonly index: { readonly bytes: Uint8Array; readonly mediaType: string } | undefined;
  readonly images: readonly Image[];
}

/** GOARCH names to build for when the base is an index; `all` takes every one that it has. */
export type Architectures = 'all' | readonly string[];

/** What happens while a base is opened, for a progress display. */
export interface BaseEvents {
  /** A base that nobody has seen before is being read. */
  readonly onIndexing?: (event: {
    readonly base: Reference;
    readonly layers: number;
    readonly bytes: number;
  }) => void;
  /** Another build of this process is reading that base: this one waits for it. */
  readonly onIndexingElsewhere?: (base: Reference) => void;
  readonly onLayerRead?: (layer: Descriptor) => void;
  readonly onIndexed?: (event: { readonly publishedAt: Reference | undefined }) => void;
}

export interface BaseCatalogOptions {
  readonly events?: BaseEvents;
  /** The memory, where several catalogs have one. Default: its own. */
  readonly opened?: OpenedBases;
  /** What ends the calls of the registry client ends the waiting for other builds, too. */
  readonly signal?: AbortSignal;
}

/**
 * The bases that builds stand on. Manifest, config and index are found by digest in memory, then in the local cache,
 * then (the index) beside the pool's images in the push registry; only where none has it are the base's layers read.
 */
export class BaseCatalog {
  readonly #registry: RegistryClient;
  readonly #cache: BuildCache;
  readonly #opened: OpenedBases;
  readonly #events: BaseEvents;
  readonly #signal: AbortSignal | undefined;

  constructor({ registry, cache }: BuildHost, options: BaseCatalogOptions = {}) {
    this.#registry = registry;
    this.#cache = cache;
    this.#opened = options.opened ?? new OpenedBases();
    this.#events = options.events ?? {};
    this.#signal = options.signal;
  }

  /**
   * Asks for everything that costs a few requests at the most: documents, and indexes that somebody has made.
   *
   * @throws OsBuildError `image-missing`, `base-not-bootable`, `base-malformed`, `cache`; OciError for what the registry
   * answers.
   */
  async find(
    reference: Reference,
    architectures: Architectures,
    push: Reference,
  ): Promise<ResolvedBase<FoundImage>> {
    const digest = await this.#resolve(reference);
    const document = await this.#document(reference, digest);
    const parsed = readImage(reference, () => parseDocument(document.bytes, document.mediaType));
    if (parsed.kind === 'manifest') {
      return {
        reference,
        digest,
        index: undefined,
        images: [await this.#image(reference, digest, document, push)],
      };
    }
    const images: FoundImage[] = [];
    for (const wanted of architectures === 'all' ? ['all'] : architectures) {
      for (const child of chooseImages(reference, parsed.index, wanted)) {
        const bytes = await this.#document(reference, child.digest);
        images.push(await this.#image(reference, child.digest, bytes, push));
      }
    }
    return { reference, digest, index: document, images };
  }

  /**
   * Reads the layers of what was found without an index, which for a real base takes minutes.
   *
   * @param options.publish whether to leave the indexes in the push registry for later builds. Default: true.
   * @throws as {@link find}
   */
  async complete(
    found: ResolvedBase<FoundImage>,
    push: Reference,
    options: { readonly publish?: boolean } = {},
  ): Promise<ResolvedBase> {
    const images: Base[] = [];
    for (const image of found.images) {
      const facts = image.facts ?? (await this.#makeIndex(image, push, options.publish ?? true));
      refuseKernels(image.reference, facts);
      images.push({ ...image, facts });
    }
    return { ...found, images };
  }

  /** {@link find}, then {@link complete}. */
  async open(reference: Reference, architectures: Architectures, push: Reference): Promise<ResolvedBase> {
    return this.complete(await this.find(reference, architectures, push), push);
  }

  async #resolve(reference: Reference): Promise<Digest> {
    if (reference.digest !== undefined) return reference.digest;
    const found = await this.#registry.resolve(reference);
    if (found === undefined) throw missing(reference);
    return found.digest;
  }

  async #document(reference: Reference, digest: Digest): Promise<{ bytes: Uint8Array; mediaType: string }> {
    const key = `manifest/${digestHex(digest)}`;
    const cached = this.#cached(key, digest);
    if (cached !== undefined) return { bytes: cached, mediaType: mediaTypeOf(cached) };
    const found = await this.#registry.getManifest(withDigest(reference, digest));
    if (found === undefined) throw missing(reference);
    // Only documents that name their own type can be kept as bytes alone.
    if (mediaTypeOf(found.bytes) === found.mediaType) this.#cache.put(key, found.bytes);
    return found;
  }

  async #image(
    reference: Reference,
    digest: Digest,
    document: { readonly bytes: Uint8Array; readonly mediaType: string },
    push: Reference,
  ): Promise<FoundImage> {
    const parsed = readImage(reference, () => parseDocument(document.bytes, document.mediaType));
    if (parsed.kind !== 'manifest') {
      throw new OsBuildError(
        'base-malformed',
        `cannot build on ${formatReference(reference)}: its index points at an index`,
      );
    }
    const { manifest, mediaType } = parsed;
    const configKey = `config/${digestHex(manifest.config.digest)}`;
    let configBytes: Uint8Array | undefined = this.#cached(configKey, manifest.config.digest);
    if (configBytes === undefined) {
      configBytes = await this.#registry.getBlobBytes(reference, manifest.config, MAX_CONFIG_BYTES);
      this.#cache.put(configKey, configBytes);
    }
    const config = readImage(reference, () => parseImageConfig(configBytes));
    refuseUnbootable(reference, config);
    refuseInconsistent(reference, manifest, config);
    const facts = await this.#findIndex(digest, push);
    return {
      reference,
      digest,
      mediaType,
      manifestBytes: document.bytes,
      manifest,
      configBytes,
      config,
      facts,
    };
  }

  #cached(key: string, digest: Digest): Buffer | undefined {
    const bytes = this.#cache.get(key);
    // A damaged entry counts as none; it is fetched again and written over.
    return bytes !== undefined && sha256(bytes) === digest ? bytes : undefined;
  }

  async #findIndex(digest: Digest, push: Reference): Promise<BaseIndex | undefined> {
    const opened = this.#opened.get(digest) ?? tryOpen(this.#cache.get(indexKey(digest)), digest);
    const facts = opened ?? (await this.#fetchIndex(digest, push));
    if (facts !== undefined) this.#opened.set(digest, facts);
    return facts;
  }

  async #fetchIndex(digest: Digest, push: Reference): Promise<BaseIndex | undefined> {
    const fetched = await fetchIndex(this.#registry, indexLocations(push, digest));
    const usable = tryOpen(fetched, digest, (index) => index.verify());
    if (usable !== undefined && fetched !== undefined) this.#cache.put(indexKey(digest), fetched);
    return usable;
  }

  async #makeIndex(image: FoundImage, push: Reference, publish: boolean): Promise<BaseIndex> {
    const { reference, digest } = image;
    const make = (): Promise<BaseIndex> => this.#readLayers(image, push, publish);
    const facts = await this.#opened.make(digest, make, this.#signal, () =>
      this.#events.onIndexingElsewhere?.(reference),
    );
    if (facts !== undefined) return facts;
    throw new OciError('aborted', `cannot read base image ${formatReference(reference)}: it was cancelled`);
  }

  async #readLayers(image: FoundImage, push: Reference, publish: boolean): Promise<BaseIndex> {
    const { reference, digest, manifest } = image;
    this.#events.onIndexing?.({
      base: reference,
      layers: manifest.layers.length,
      bytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
    });
    const source = (layer: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array> =>
      this.#registry.getBlob(reference, layer, signal);
    const listings = keptListings(this.#cache);
    const made = await indexBase(
      digest,
      manifest.layers,
      source,
      this.#events.onLayerRead,
      BASE_LIMITS,
      listings,
    ).catch((error: unknown) => {
      throw withImage(reference, error);
    });
    const facts = openBaseIndex(made, digest);
    // The cache first: where the disk is full, nothing has been pushed yet.
    this.#cache.put(indexKey(digest), made);
    if (publish) {
      const publishedAt = await publishIndex(this.#registry, indexLocations(push, digest), made);
      this.#events.onIndexed?.({ publishedAt });
    }
    return facts;
  }
}

function indexKey(digest: Digest): string {
  return `base-index/v${INDEX_VERSION}/${digestHex(digest)}`;
}

function tryOpen(
  bytes: Buffer | undefined,
  digest: Digest,
  check: (index: BaseIndex) => void = () => undefined,
): BaseIndex | undefined {
  if (bytes === undefined) return undefined;
  try {
    const index = openBaseIndex(bytes, digest);
    check(index);
    return index;
  } catch (error) {
    // Damaged, or of another version of Varve: made anew.
    if (error instanceof OsBuildError) return undefined;
    throw error;
  }
}

function mediaTypeOf(bytes: Uint8Array): string {
  try {
    const { mediaType } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { mediaType?: unknown };
    return typeof mediaType === 'string' ? mediaType : '';
  } catch {
    return '';
  }
}

function missing(reference: Reference): OsBuildError {
  return new OsBuildError(
    'image-missing',
    `cannot find base image ${formatReference(reference)}: the registry has no such repository, tag or digest; check the name, or push the base there first`,
  );
}

/** A host only accepts images with one of these labels (host-contract §5.1 item 3). */
function refuseUnbootable(reference: Reference, config: ImageConfig): void {
  const labels = config.config?.Labels ?? {};
  if (labels['ostree.bootable'] === undefined && labels['containers.bootc'] === undefined) {
    throw notBootable(reference, 'it has neither the label containers.bootc nor ostree.bootable');
  }
  if (config.os !== 'linux')
    throw notBootable(reference, `its operating system is ${JSON.stringify(config.os)}, not linux`);
}

function notBootable(reference: Reference, reason: string): OsBuildError {
  return new OsBuildError(
    'base-not-bootable',
    `cannot build on ${formatReference(reference)}: it is not a bootable image, since ${reason}; use a bootc or ostree base image`,
  );
}

function refuseKernels(reference: Reference, { header: { kernels } }: BaseIndex): void {
  if (kernels.length === 1) return;
  const found = kernels.length === 0 ? 'no kernel' : `${kernels.length} kernels`;
  throw notBootable(reference, `it has ${found} in /usr/lib/modules, and a host boots exactly one`);
}

/** The config of an image has one diff_id for each layer (host-contract §5.5). */
function refuseInconsistent(reference: Reference, manifest: Manifest, config: ImageConfig): void {
  const layers = manifest.layers.length;
  const ids = config.rootfs.diff_ids.length;
  if (layers === ids) return;
  throw new OsBuildError(
    'base-malformed',
    `cannot build on ${formatReference(reference)}: its manifest has ${layers} layers and its config ${ids} diff_ids; push the image again`,
  );
}

/** Whether an error means that the registry has not got what it was asked for. */
export function isBlobUnknown(error: unknown): boolean {
  return error instanceof OciError && error.code === 'blob-unknown';
}
