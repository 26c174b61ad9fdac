import {
  type FailureClass,
  HostError,
  type HostImage,
  type ImageSource,
  ImageSourceError,
} from '../host/index.ts';
import {
  type Descriptor,
  isIndexType,
  type Manifest,
  MAX_CONFIG_BYTES,
  OciError,
  type OciErrorCode,
  parseDigest,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
  parseReference,
  type Reference,
  type RegistryClient,
  selectManifests,
} from '../oci/index.ts';

/**
 * Images for the ostree driver, whose host has no tool that pulls them: from registries, by the client's credentials and
 * with its retries.
 *
 * @param architecture of the host, as Go names it; of an index the image for it is taken
 */
export function registryImages(
  client: RegistryClient,
  architecture: string = goArchitecture(process.arch),
): ImageSource {
  return {
    resolve: (reference, signal) => explained(() => resolveImage(client, reference, architecture, signal)),
    layer: (reference, { digest, size }, signal) =>
      explainedBytes(() => {
        const descriptor = { mediaType: '', digest: parseDigest(digest), size };
        return client.getBlob(parseReference(reference), descriptor, signal);
      }),
  };
}

async function resolveImage(
  client: RegistryClient,
  reference: string,
  architecture: string,
  signal: AbortSignal | undefined,
): Promise<HostImage> {
  const ref = parseReference(reference);
  const { digest, manifest } = await readManifest(client, ref, architecture, signal);
  const bytes = await client.getBlobBytes(ref, manifest.config, MAX_CONFIG_BYTES, signal);
  const config = parseImageConfig(bytes);
  return {
    digest,
    layers: manifest.layers.map((layer) => ({ digest: layer.digest, size: layer.size })),
    labels: config.config?.Labels ?? {},
    architecture: config.architecture,
    config: Buffer.from(bytes).toString('utf8'),
  };
}

async function readManifest(
  client: RegistryClient,
  ref: Reference,
  architecture: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly digest: string; readonly manifest: Manifest }> {
  const stored = await client.requireManifest(ref, signal);
  if (!isIndexType(stored.mediaType)) {
    return { digest: stored.digest, manifest: parseManifest(stored.bytes, stored.mediaType) };
  }
  const children = selectManifests(parseImageIndex(stored.bytes, stored.mediaType), architecture);
  const [child] = children as readonly [Descriptor];
  const { registry, repository } = ref;
  const inner = await client.requireManifest({ registry, repository, digest: child.digest }, signal);
  return { digest: inner.digest, manifest: parseManifest(inner.bytes, inner.mediaType) };
}

/** The classes that the host's own tools' failures have, by what our registry client says. */
const CLASSES: Readonly<Record<OciErrorCode, FailureClass>> = {
  aborted: 'unknown',
  'auth-file': 'auth',
  'blob-unknown': 'not-found',
  denied: 'auth',
  'digest-mismatch': 'integrity',
  'invalid-digest': 'integrity',
  'invalid-option': 'unknown',
  'invalid-reference': 'not-found',
  malformed: 'bad-image',
  'manifest-invalid': 'bad-image',
  'not-found': 'not-found',
  'rate-limited': 'rate-limit',
  'redirect-loop': 'network',
  'registry-error': 'registry-5xx',
  'tar-rule': 'bad-image',
  tls: 'tls',
  'too-large': 'bad-image',
  truncated: 'network',
  unauthorized: 'auth',
  unreachable: 'network',
  unsupported: 'bad-image',
};

function explain(error: unknown): unknown {
  if (!(error instanceof OciError)) return error;
  if (error.code === 'aborted') return new HostError('aborted', error.message, { cause: error });
  return new ImageSourceError(CLASSES[error.code], error.message, error);
}

async function explained<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw explain(error);
  }
}

async function* explainedBytes(read: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* read();
  } catch (error) {
    throw explain(error);
  }
}

function goArchitecture(architecture: string): string {
  return architecture === 'x64' ? 'amd64' : architecture;
}
