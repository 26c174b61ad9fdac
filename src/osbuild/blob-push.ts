import type { Descriptor, Digest, Reference, RegistryClient } from '../oci/index.ts';

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
