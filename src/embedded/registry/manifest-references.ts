import { bareMediaType, type Descriptor, type Digest, parseDocument } from '../../oci/index.ts';
import type { ContentStore } from './content-store.ts';
import { EmbeddedError } from '../embedded-error.ts';
import type { RepositoryStore } from './repository-store.ts';

/** What the registry needs to know about a manifest. */
export interface ManifestFacts {
  readonly mediaType: string;
  /** Blobs that must be in the repository. */
  readonly blobs: readonly Descriptor[];
  /** Manifests that must be in the repository. */
  readonly manifests: readonly Descriptor[];
  /** The manifest that this one is about; it need not be there. */
  readonly subject?: Digest;
  /** How the referrers endpoint shows this manifest, apart from digest and size. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads a manifest or an index as it is pushed.
 * @throws {EmbeddedError} code `MANIFEST_INVALID`
 */
export function readManifestFacts(bytes: Uint8Array, contentType: string | undefined): ManifestFacts {
  const document = parsePushed(bytes, contentType);
  const { mediaType } = document;
  const body = document.kind === 'manifest' ? document.manifest : document.index;
  // Of an image without a type of its own, the config's type tells what it is (distribution specification, "Listing Referrers").
  const artifactType =
    body.artifactType ?? (document.kind === 'manifest' ? document.manifest.config.mediaType : undefined);
  return {
    mediaType,
    blobs: document.kind === 'manifest' ? [document.manifest.config, ...document.manifest.layers] : [],
    manifests: document.kind === 'index' ? document.index.manifests : [],
    ...(body.subject === undefined ? {} : { subject: body.subject.digest }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(body.annotations === undefined ? {} : { annotations: body.annotations }),
  };
}

/**
 * Makes sure that the repository has all that a manifest refers to, in the size that it says.
 * @throws {EmbeddedError} code `MANIFEST_BLOB_UNKNOWN` or `SIZE_INVALID`
 */
export async function checkReferences(
  name: string,
  facts: ManifestFacts,
  stores: { readonly repositories: RepositoryStore; readonly content: ContentStore },
): Promise<void> {
  const { repositories, content } = stores;
  for (const descriptor of facts.blobs) {
    // Foreign layers may stay where their URLs say.
    if (descriptor.urls !== undefined && descriptor.urls.length > 0) continue;
    const there = await repositories.hasBlob(name, descriptor.digest);
    checkSize(name, descriptor, there ? await content.size(descriptor.digest) : undefined);
  }
  for (const descriptor of facts.manifests) {
    const there = (await repositories.manifestType(name, descriptor.digest)) !== undefined;
    checkSize(name, descriptor, there ? await content.size(descriptor.digest) : undefined);
  }
}

function parsePushed(bytes: Uint8Array, contentType: string | undefined): ReturnType<typeof parseDocument> {
  if (contentType === undefined) {
    throw new EmbeddedError('MANIFEST_INVALID', 'cannot take in manifest: the request has no Content-Type');
  }
  try {
    return parseDocument(bytes, bareMediaType(contentType));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedError('MANIFEST_INVALID', `cannot take in manifest: ${reason}`, { cause });
  }
}

function checkSize(name: string, { digest, size }: Descriptor, found: number | undefined): void {
  if (found === undefined) {
    throw new EmbeddedError(
      'MANIFEST_BLOB_UNKNOWN',
      `cannot take in manifest: ${name} does not have ${digest}; push or mount it first`,
      { detail: { digest } },
    );
  }
  if (found !== size) {
    throw new EmbeddedError(
      'SIZE_INVALID',
      `cannot take in manifest: it says that ${digest} has ${size} bytes, but it has ${found}`,
      { detail: { digest } },
    );
  }
}
