import { gunzipSync, gzipSync } from 'node:zlib';
import type { Digest, Reference, RegistryClient } from '../oci/index.ts';
import { digestHex, OciError, parseManifest, withTag } from '../oci/index.ts';
import { makeArtifact, pushArtifact } from './artifact.ts';
import { INDEX_VERSION } from './base-index-header.ts';

const ARTIFACT_TYPE = 'application/vnd.varve.base-index.v1';
const LAYER_TYPE = 'application/vnd.varve.base-index.v1+gzip';

/** A real index is a few megabytes; one that claims more is not ours. */
const INDEX_LIMIT = 256 * 1024 * 1024;

/**
 * Where the indexes of all bases lie that pools of one registry namespace are built on: a repository beside the pool's
 * (`pools/layered` → `pools/base-index`), so that every pool finds them, then the pool's own, to which its credentials
 * can always write.
 */
export function indexLocations(push: Reference, base: Digest): readonly Reference[] {
  const tag = `v${INDEX_VERSION}-${digestHex(base)}`;
  return [
    withTag(indexRepository(push), tag),
    withTag({ registry: push.registry, repository: push.repository }, `base-index-${tag}`),
  ];
}

/** The repository for the indexes of bases beside the one of a pool. */
export function indexRepository(push: Reference): Reference {
  const slash = push.repository.lastIndexOf('/');
  return { registry: push.registry, repository: `${push.repository.slice(0, slash + 1)}base-index` };
}

/** The index that a former build left at one of the locations; undefined where none has it or it cannot be read. */
export async function fetchIndex(
  registry: RegistryClient,
  locations: readonly Reference[],
): Promise<Buffer | undefined> {
  for (const location of locations) {
    try {
      const document = await registry.getManifest(location);
      if (document === undefined) continue;
      const layer = parseManifest(document.bytes, document.mediaType).layers[0];
      if (layer?.mediaType !== LAYER_TYPE) continue;
      const bytes = await registry.getBlobBytes(location, layer, INDEX_LIMIT);
      return gunzipSync(bytes, { maxOutputLength: INDEX_LIMIT });
    } catch (error) {
      // An index is only a short cut: one that cannot be had is made anew. What stops the build says so later.
      if (error instanceof OciError && error.code === 'aborted') throw error;
    }
  }
  return undefined;
}

/**
 * Leaves an index for later builds on the same base, at the first location that takes it.
 *
 * @returns where it is now, or undefined when no location can be written: the build does not need it.
 */
export async function publishIndex(
  registry: RegistryClient,
  locations: readonly Reference[],
  index: Buffer,
): Promise<Reference | undefined> {
  const artifact = makeArtifact(ARTIFACT_TYPE, LAYER_TYPE, gzipSync(index, { level: 6 }));
  for (const location of locations) {
    try {
      await pushArtifact(registry, location, artifact);
      return location;
    } catch (error) {
      if (error instanceof OciError && error.code === 'aborted') throw error;
    }
  }
  return undefined;
}
