import type { Digest, Reference, RegistryClient } from '../oci/index.ts';
import { digestHex, formatReference, isDigest, parseDocument, sha256, withDigest } from '../oci/index.ts';
import { inParallel } from './bounded-parallel.ts';
import type { BuildCache } from './build-cache.ts';
import type { BuildHost } from './build-host.ts';
import { isListOf } from './json-shape.ts';

/** Images of an index that are read at once. */
const CONCURRENT_REQUESTS = 8;

/** What a tag of the push repository holds. */
export interface CurrentImage {
  readonly digest: Digest;
  /** The digest again, and where it is an index, those of its images. */
  readonly manifests: ReadonlySet<Digest>;
  /** Blobs that the repository certainly has: a registry keeps what a tagged manifest names. */
  readonly blobs: ReadonlySet<Digest>;
}

/**
 * Looks up what a tag of the push repository holds; undefined when it is new. Only the digest comes from the registry
 * where the cache still knows what the last build pushed there.
 */
export async function readCurrentImage(
  { registry, cache }: BuildHost,
  push: Reference,
): Promise<CurrentImage | undefined> {
  const resolved = await registry.resolve(push);
  if (resolved === undefined) return undefined;
  const remembered = readRemembered(cache.get(pushedKey(push)));
  if (remembered?.digest === resolved.digest) return remembered;
  return fetchImage(registry, withDigest(push, resolved.digest), resolved.digest);
}

/** Keeps what a tag holds now for the next {@link readCurrentImage}; one entry for each tag, however often it moves. */
export function rememberPushed(cache: BuildCache, push: Reference, image: CurrentImage): void {
  const { digest, manifests, blobs } = image;
  cache.put(
    pushedKey(push),
    Buffer.from(JSON.stringify({ digest, manifests: [...manifests], blobs: [...blobs] })),
  );
}

async function fetchImage(
  registry: RegistryClient,
  reference: Reference,
  digest: Digest,
): Promise<CurrentImage | undefined> {
  const found = await registry.getManifest(reference);
  if (found === undefined) return undefined;
  const parsed = parseDocument(found.bytes, found.mediaType);
  if (parsed.kind === 'manifest') {
    const blobs = [parsed.manifest.config, ...parsed.manifest.layers].map((blob) => blob.digest);
    return { digest, manifests: new Set([digest]), blobs: new Set(blobs) };
  }
  const children = parsed.index.manifests.map((child) => child.digest);
  const images = await inParallel(children, CONCURRENT_REQUESTS, (child, signal) =>
    fetchBlobs(registry, withDigest(reference, child), signal),
  );
  return { digest, manifests: new Set([digest, ...children]), blobs: new Set(images.flat()) };
}

/** Of an image of an index; none where it is an index itself. */
async function fetchBlobs(
  registry: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const found = await registry.getManifest(reference, signal);
  if (found === undefined) return [];
  const parsed = parseDocument(found.bytes, found.mediaType);
  return parsed.kind === 'manifest'
    ? [parsed.manifest.config, ...parsed.manifest.layers].map((blob) => blob.digest)
    : [];
}

/** An entry that is damaged counts as none. What it says falsely, a push finds out: the registry misses content then. */
function readRemembered(bytes: Buffer | undefined): CurrentImage | undefined {
  if (bytes === undefined) return undefined;
  try {
    const { digest, manifests, blobs } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    if (!isDigestText(digest) || !isDigestList(manifests) || !isDigestList(blobs)) return undefined;
    return { digest, manifests: new Set(manifests), blobs: new Set(blobs) };
  } catch {
    return undefined;
  }
}

function isDigestText(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}

function isDigestList(value: unknown): value is readonly Digest[] {
  return isListOf(value, isDigestText);
}

function pushedKey(push: Reference): string {
  return `pushed/${digestHex(sha256(Buffer.from(formatReference(push))))}`;
}
