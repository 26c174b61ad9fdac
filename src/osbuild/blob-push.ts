import type { Descriptor, Digest, Reference, RegistryClient } from '../oci/index.ts';
import { digestHex, formatReference, parseDocument, sha256, withDigest } from '../oci/index.ts';
import type { BuildCache } from './build-cache.ts';
import type { BuildHost } from './build-host.ts';

/** What the push repository held under the tag before the build. */
export interface CurrentImage {
  readonly digest: Digest;
  /** The digest again, and where it is an index, those of its images. */
  readonly manifests: ReadonlySet<Digest>;
  /** Blobs that the repository certainly has: a registry keeps what a tagged manifest names. */
  readonly blobs: ReadonlySet<Digest>;
}

/**
 * Looks up what a tag of the push repository holds; undefined when it is new. Only the digest comes from the registry
 * where the cache still has the manifest that the last build pushed there.
 */
export async function readCurrentImage(
  { registry, cache }: BuildHost,
  push: Reference,
): Promise<CurrentImage | undefined> {
  const resolved = await registry.resolve(push);
  if (resolved === undefined) return undefined;
  const { digest, mediaType } = resolved;
  const remembered = cache.get(pushedKey(push));
  const bytes =
    remembered !== undefined && sha256(remembered) === digest
      ? remembered
      : (await registry.getManifest(withDigest(push, digest)))?.bytes;
  if (bytes === undefined) return undefined;
  const parsed = parseDocument(bytes, mediaType);
  const blobs =
    parsed.kind === 'manifest'
      ? [parsed.manifest.config, ...parsed.manifest.layers].map((blob) => blob.digest)
      : [];
  const children = parsed.kind === 'index' ? parsed.index.manifests.map((child) => child.digest) : [];
  return { digest, manifests: new Set([digest, ...children]), blobs: new Set(blobs) };
}

/** Keeps what a tag holds now for the next {@link readCurrentImage}; one entry for each tag, however often it moves. */
export function rememberPushed(cache: BuildCache, push: Reference, manifest: Uint8Array): void {
  cache.put(pushedKey(push), manifest);
}

function pushedKey(push: Reference): string {
  return `pushed/${digestHex(sha256(Buffer.from(formatReference(push))))}`;
}

/** One blob on its way into the push repository, until the signal stops it. */
export type BlobTransfer = (signal: AbortSignal) => Promise<'mounted' | 'copied' | 'uploaded' | 'present'>;

/**
 * What makes the base's layers available in the push repository: mounted inside one registry, copied between two
 * (host-contract §5.7). What `known` names is there already.
 */
export function baseLayerTransfers(
  registry: RegistryClient,
  from: Reference,
  to: Reference,
  layers: readonly Descriptor[],
  known: ReadonlySet<Digest>,
): readonly BlobTransfer[] {
  if (from.registry === to.registry && from.repository === to.repository) return [];
  const missing = new Map(
    layers.filter((layer) => !known.has(layer.digest)).map((layer) => [layer.digest, layer]),
  );
  return Array.from(missing.values(), (layer) => (signal) => registry.copyBlob(from, to, layer, signal));
}
