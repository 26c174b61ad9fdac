import type { Compression, Descriptor, Digest, Layer } from '../oci/index.ts';
import { appendLayers, buildLayer, formatReference, mediaFamilyOf } from '../oci/index.ts';
import type { Placement, Rendered } from '../machineconfig/index.ts';
import { place } from '../machineconfig/index.ts';
import type { Base } from './base-catalog.ts';
import { configLayerEntries } from './config-layer.ts';
import { Label, LAYER_ANNOTATION } from './image-labels.ts';
import { provenanceMap } from './provenance-map.ts';

export interface DirectImageInput {
  readonly pool: string;
  readonly rendered: Rendered;
  readonly base: Base;
  readonly compression: Compression;
}

/** One architecture's image, complete but not pushed. */
export interface DirectImage {
  readonly base: Base;
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly config: Uint8Array;
  readonly configDescriptor: Descriptor;
  readonly layer: Layer;
  /** Entries of the configuration layer. */
  readonly entries: number;
  readonly warnings: readonly string[];
}

/**
 * Assembles the image of a pool on one base: places the rendered configuration and appends it as one layer (architecture
 * D2). A function of its inputs: the same ones give the same digest on any machine, at any time of day.
 *
 * @throws MachineConfigError `unplaceable`
 */
export function assembleImage(input: DirectImageInput): DirectImage {
  const { base, rendered, pool } = input;
  const placement = placeRendered(rendered, base);
  // What a person named, whatever a container build has made of it since.
  const { digest, reference } = base.customisation ?? base;
  const provenance = provenanceMap(placement, { pool, renderedConfig: rendered.name, base: digest });
  const entries = configLayerEntries(placement, provenance, base.facts);
  const mediaFamily = mediaFamilyOf(base.mediaType);
  const layer = buildLayer(entries, {
    compression: input.compression,
    mediaFamily,
    annotations: { [LAYER_ANNOTATION]: rendered.name },
  });
  const baseName = formatReference(reference);
  const labels = base.config.config?.Labels ?? {};
  // Not the time of the build: the same inputs must give the same digest (host-contract §5.5).
  const created = base.config.created ?? '1970-01-01T00:00:00Z';
  const appended = appendLayers(
    { manifest: base.manifestBytes, mediaType: base.mediaType, config: base.configBytes },
    [layer],
    {
      labels: {
        [Label.machineConfig]: rendered.name,
        [Label.machineConfigPool]: pool,
        [Label.baseImage]: baseName,
        [Label.baseName]: baseName,
        [Label.baseDigest]: digest,
        [Label.configLayer]: layer.diffId,
        [Label.created]: labels[Label.created] ?? created,
        [Label.version]: imageVersion(labels[Label.version], rendered.name),
      },
      annotations: { [Label.baseName]: baseName, [Label.baseDigest]: digest },
      created,
      history: [{ created_by: `varve: ${rendered.name}`, comment: `configuration of pool ${pool}` }],
    },
  );
  return {
    ...appended,
    base,
    layer,
    entries: entries.length,
    warnings: [...rendered.warnings, ...placement.warnings, ...overlaps(base, placement)],
  };
}

/** Places a rendered configuration on a base. */
export function placeRendered(rendered: Rendered, base: Base): Placement {
  const { machineConfig, config, provenance } = rendered;
  const placement = place({
    config,
    kernelArguments: machineConfig.spec.kernelArguments ?? [],
    fips: machineConfig.spec.fips ?? false,
    provenance,
    base: base.facts,
    streamClass: base.config.config?.Labels?.[Label.streamClass],
  });
  const leftovers = base.customisation?.leftovers ?? [];
  const own = new Set(placement.nodes.map(({ path }) => path));
  const removals = [...placement.removals, ...leftovers.filter((path) => !own.has(path))];
  return { ...placement, removals };
}

/** What a container build writes and a MachineConfig too: the MachineConfig has it (architecture D3), which people should know. */
function overlaps({ customisation }: Base, { items }: Placement): readonly string[] {
  const written = new Set(customisation?.written);
  return items.flatMap(({ paths, machineConfigs }) =>
    paths
      .filter((path) => written.has(path))
      .map(
        (path) =>
          `${path} is written by the container build and by MachineConfig ${machineConfigs.at(-1) ?? '?'}, which wins`,
      ),
  );
}

/** What people see as the version of a deployment: the base's, and which configuration is on top. */
function imageVersion(base: string | undefined, renderedName: string): string {
  const short = renderedName.slice(renderedName.lastIndexOf('-') + 1).slice(0, 8);
  return base === undefined ? `varve.${short}` : `${base}-varve.${short}`;
}
