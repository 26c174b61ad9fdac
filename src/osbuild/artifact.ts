import type { Descriptor, Digest, Reference, RegistryClient } from '../oci/index.ts';
import { MediaType, sha256 } from '../oci/index.ts';

/** OCI's empty config: two bytes that every artifact without a config points at (image-spec 1.1). */
const EMPTY_CONFIG = Buffer.from('{}');
const CONFIG = { mediaType: MediaType.ociEmpty, digest: sha256(EMPTY_CONFIG), size: EMPTY_CONFIG.length };

/** Something that is no image, as registries keep it: one blob, and a manifest that says what it is. */
export interface Artifact {
  readonly manifest: Uint8Array;
  /** Of the manifest. */
  readonly digest: Digest;
  readonly layer: Descriptor;
  readonly blob: Uint8Array;
}

/** Makes an artifact; the same input gives the same digest. */
export function makeArtifact(
  artifactType: string,
  layerType: string,
  blob: Uint8Array,
  annotations?: Readonly<Record<string, string>>,
): Artifact {
  const layer: Descriptor = {
    mediaType: layerType,
    digest: sha256(blob),
    size: blob.length,
    ...(annotations === undefined ? {} : { annotations }),
  };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      artifactType,
      config: CONFIG,
      layers: [layer],
    }),
  );
  return { manifest, digest: sha256(manifest), layer, blob };
}

/** Pushes an artifact under a tag, its content first. */
export async function pushArtifact(
  registry: RegistryClient,
  location: Reference,
  { manifest, layer, blob }: Artifact,
): Promise<void> {
  await registry.putBlob(location, CONFIG, EMPTY_CONFIG);
  await registry.putBlob(location, layer, blob);
  await registry.putManifest(location, manifest, MediaType.ociManifest);
}
