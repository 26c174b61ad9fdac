import { randomBytes } from 'node:crypto';
import type { Rendered } from '../machineconfig/index.ts';
import type { AppendedImage, Digest, Reference } from '../oci/index.ts';
import {
  appendLayers,
  buildLayer,
  formatReference,
  MAX_CONFIG_BYTES,
  mediaFamilyOf,
  OciError,
  parseImageConfig,
  parseManifest,
  parseReference,
  withDigest,
  withTag,
} from '../oci/index.ts';
import type { Base, BaseCatalog, FoundImage, ResolvedBase } from './base-catalog.ts';
import { isBlobUnknown } from './base-catalog.ts';
import { baseLayerTransfers } from './blob-push.ts';
import { withoutLeftovers } from './builder-leftovers.ts';
import { builderMountPoints } from './builder-mount-points.ts';
import { inParallel } from './bounded-parallel.ts';
import type { BuildHost } from './build-host.ts';
import { layerEntries } from './config-layer.ts';
import type { BuildInputs } from './build-inputs.ts';
import type { ContainerBuilders } from './container-builder.ts';
import type { Containerfile } from './containerfile.ts';
import { assembleContainerfile } from './containerfile-assembly.ts';
import { customisationKey } from './customisation-key.ts';
import { builderTag, configsTag, customisationTag } from './customisation-tags.ts';
import { readCustomisation } from './customisation-layers.ts';
import { placeRendered } from './direct-image.ts';
import { type PackageBuild, planPackages, type WantedPackages } from './extension-build.ts';
import { Label } from './image-labels.ts';
import { OsBuildError, type OsBuildErrorCode } from './osbuild-error.ts';
import { mountHashes } from './mount-hashes.ts';
import { type PoolRegistries, poolRegistries } from './pool-registries.ts';
import { proxyHashes } from './proxy-hashes.ts';
import { isTrustStage } from './trust-stage.ts';
import { visibleConfiguration } from './visible-configuration.ts';

/** What a pool wants of its image that only a container build can give (architecture D2). */
export interface CustomisationWish extends WantedPackages {
  /** Read, and found to be one. */
  readonly containerfile: Containerfile | undefined;
  /** Value of the MachineOSConfig's annotation `varve.dev/build-inputs`: paths of the configuration that the build depends on. */
  readonly buildInputs: string;
}

/** What customising needs beside the wish. */
export interface CustomiserOptions {
  readonly builders: ContainerBuilders;
  readonly inputs: BuildInputs;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Told whether a container ran. */
  readonly onBuilt?: (ran: boolean) => void;
}

/** Blobs on their way at once. */
const CONCURRENT_BLOBS = 8;
/** Layers that are read, and made anew, at once. */
const CONCURRENT_LAYERS = 2;

/**
 * Makes customised bases: a container build's layers on a base, kept in the push repository under a name of all that they depend
 * on (architecture D3), so that nothing is built twice, on whatever machine.
 */
export class Customiser {
  readonly #host: BuildHost;
  readonly #catalog: BaseCatalog;
  readonly #options: CustomiserOptions;

  constructor(host: BuildHost, catalog: BaseCatalog, options: CustomiserOptions) {
    this.#host = host;
    this.#catalog = catalog;
    this.#options = options;
  }

  /**
   * The customised image of a base, as the base of the configuration.
   *
   * @param push any reference into the push repository
   * @throws OsBuildError what the builder says; `no-builder` for an architecture that nothing here is of
   */
  async customise(base: Base, push: Reference, rendered: Rendered, wish: CustomisationWish): Promise<Base> {
    const { say, onBuilt } = this.#options;
    const { mounts, certificateAuthorities, proxyEnvironment } = this.#options.inputs;
    const { architecture } = base.config;
    const placement = placeRendered(rendered, base);
    const text = wish.containerfile?.text ?? '';
    const packages = await planPackages(this.#host.registry, wish, architecture);
    const { extensionsImage, extensionPackages, kernelType, reads } = packages;
    const configuration = visibleConfiguration(placement, [text, wish.buildInputs, reads]);
    const key = customisationKey({
      base: base.digest,
      architecture,
      containerfile: text,
      extensions: wish.extensions,
      extensionsImage,
      extensionPackages,
      kernelType,
      secrets: mountHashes(mounts),
      certificateAuthorities,
      proxyEnvironment: proxyHashes(proxyEnvironment),
      configuration,
    });
    const kept = withTag(push, customisationTag(key));
    const found = await this.#find(base, kept, key);
    onBuilt?.(found === undefined);
    if (found !== undefined) {
      say(`note: what a container build would make is there already: ${formatReference(kept)}`);
      return this.#open(base, found, kept);
    }
    const { containerfile } = wish;
    const registries = poolRegistries(placement.nodes);
    const build = { configuration, packages, containerfile, key, registries };
    const image = await this.#build(base, push, kept, build);
    const made = await this.#catalog.find(withDigest(kept, image.digest), [architecture], kept);
    const opened = await this.#open(base, made, kept).catch(refuseMade);
    // What no host boots gets no name by which a later build would take it.
    await this.#host.registry.putManifest(kept, image.manifest, image.mediaType);
    return opened;
  }

  /** What is there under that name; undefined also where it is not what a container build has made for it. */
  async #find(base: Base, kept: Reference, key: string): Promise<ResolvedBase<FoundImage> | undefined> {
    const found = await this.#host.registry.resolve(kept);
    if (found === undefined) return undefined;
    const { architecture } = base.config;
    const { say } = this.#options;
    try {
      const image = await this.#catalog.find(withDigest(kept, found.digest), [architecture], kept);
      const [one] = image.images;
      if (one !== undefined && isCustomisation(one, base, key)) {
        if (await this.#hasLayers(one, base, kept)) return image;
        say(`warning: the registry does not have all of ${formatReference(kept)} any more: it is made anew`);
        return undefined;
      }
    } catch (error) {
      const isUnusable = error instanceof OsBuildError && UNUSABLE.has(error.code);
      if (!isUnusable && !isBlobUnknown(error)) throw error;
    }
    say(
      `warning: ${formatReference(kept)} is not what a container build has made of ${formatReference(base.reference)}: it is made anew`,
    );
    return undefined;
  }

  /** Whether its own layers are there: a registry may have collected them although something names them. */
  async #hasLayers({ manifest }: FoundImage, base: Base, kept: Reference): Promise<boolean> {
    const own = manifest.layers.slice(base.manifest.layers.length);
    const answers = await inParallel([manifest.config, ...own], CONCURRENT_BLOBS, ({ digest }, signal) =>
      this.#host.registry.hasBlob(kept, digest, signal),
    );
    return answers.every((isThere) => isThere);
  }

  async #open(base: Base, found: ResolvedBase<FoundImage>, kept: Reference): Promise<Base> {
    const { images } = await this.#catalog.complete(found, kept);
    const [image] = images;
    if (image === undefined)
      throw new OsBuildError('not-pushed', `cannot find ${formatReference(kept)} again`);
    const layers = image.manifest.layers.slice(base.manifest.layers.length);
    const contents = await readCustomisation(this.#host, kept, layers);
    const { reference, digest } = base;
    const layersBelow = base.manifest.layers.length;
    return { ...image, customisation: { ...contents, reference, digest, layersBelow } };
  }

  async #build(
    base: Base,
    push: Reference,
    kept: Reference,
    build: {
      readonly configuration: ReturnType<typeof visibleConfiguration>;
      readonly packages: PackageBuild;
      readonly containerfile: Containerfile | undefined;
      readonly key: string;
      readonly registries: PoolRegistries;
    },
  ): Promise<AppendedImage> {
    const { builders, inputs, say } = this.#options;
    const builder = builders.for(base.config.architecture);
    const { registry } = this.#host;
    const transfers = baseLayerTransfers(registry, base.reference, push, base.manifest.layers, new Set());
    await inParallel(transfers, CONCURRENT_BLOBS, (transfer, signal) => transfer(signal));
    const configs = await this.#pushConfigs(base, withTag(push, configsTag(build.key)), build.configuration);
    const assembled = assembleContainerfile({
      configsImage: formatReference(withDigest(configs.reference, configs.digest)),
      ...build.packages.scripts,
      ...(build.containerfile === undefined ? {} : { containerfile: build.containerfile }),
      environment: environmentOf(base.config.config?.Env ?? []),
      certificateAuthorities: inputs.certificateAuthorities,
    });
    // Of its own: another machine may be making the same.
    const made = withTag(push, builderTag(build.key, randomBytes(4).toString('hex')));
    say(`container a container build makes ${formatReference(kept)}`);
    const mediaFamily = mediaFamilyOf(base.mediaType);
    say(`builder: ${builder.description}`);
    const digest = await builder.build({
      assembled,
      mediaFamily,
      push: made,
      images: [configs.reference, ...build.packages.images, ...imagesOf(build.containerfile)],
      mounts: inputs.mounts,
      ...build.registries,
      proxyEnvironment: withoutEmpty(inputs.proxyEnvironment),
      signal: this.#options.signal,
      say,
    });
    try {
      const pushed = withDigest(push, digest);
      return await this.#keep(base, pushed, kept, { below: configs.diffIds, key: build.key });
    } finally {
      // Its layers are the kept image's from now on; what cannot be deleted is in nobody's way.
      await registry.deleteManifest(withDigest(push, digest)).catch((error: unknown) => {
        if (!(error instanceof OciError)) throw error;
      });
    }
  }

  /** The image that the stage `configs` begins with: the base itself where the build sees nothing of the configuration. */
  async #pushConfigs(
    base: Base,
    push: Reference,
    configuration: ReturnType<typeof visibleConfiguration>,
  ): Promise<{
    readonly reference: Reference;
    readonly digest: Digest;
    readonly diffIds: readonly Digest[];
  }> {
    const { registry } = this.#host;
    const diffIds = base.config.rootfs.diff_ids;
    const points = builderMountPoints(base.facts, configuration.nodes, this.#options.inputs.mounts);
    const nodes = [...configuration.nodes, ...points];
    if (nodes.length === 0 && configuration.removals.length === 0) {
      return { reference: base.reference, digest: base.digest, diffIds };
    }
    const layer = buildLayer(layerEntries({ ...configuration, nodes }, base.facts), {
      compression: 'gzip',
      mediaFamily: mediaFamilyOf(base.mediaType),
    });
    const image = appendLayers(
      { manifest: base.manifestBytes, mediaType: base.mediaType, config: base.configBytes },
      [layer],
      {
        labels: {},
        annotations: {},
        created: base.config.created ?? '1970-01-01T00:00:00Z',
        history: [{ created_by: 'varve: configuration that a container build sees' }],
      },
    );
    await registry.putBlob(push, layer.descriptor, layer.bytes);
    await registry.putBlob(push, image.configDescriptor, image.config);
    // By a tag: what no tag names no registry lists, and nobody could delete.
    await registry.putManifest(push, image.manifest, image.mediaType);
    return { reference: push, digest: image.digest, diffIds: [...diffIds, layer.diffId] };
  }

  /** Puts the layers that the build made on the base, without the configuration that it saw; the result has no name yet. */
  async #keep(
    base: Base,
    made: Reference,
    kept: Reference,
    { below, key }: { readonly below: readonly Digest[]; readonly key: string },
  ): Promise<AppendedImage> {
    const { registry } = this.#host;
    const { bytes, mediaType } = await registry.requireManifest(made);
    const manifest = parseManifest(bytes, mediaType);
    const config = parseImageConfig(await registry.getBlobBytes(made, manifest.config, MAX_CONFIG_BYTES));
    const ids = config.rootfs.diff_ids;
    if (ids.length !== manifest.layers.length || below.some((id, at) => ids[at] !== id)) {
      throw new OsBuildError(
        'command-failed',
        `cannot use what the container build made: ${formatReference(made)} does not stand on the base with the configuration`,
      );
    }
    // A base may say less of its history than it has layers; the last entries are the last layers'.
    const history = (config.history ?? []).filter(({ empty_layer: isEmpty }) => isEmpty !== true);
    const own = manifest.layers
      .map((descriptor, at) => ({ descriptor, diffId: ids[at] ?? descriptor.digest }))
      .filter((_, at) => at >= below.length && !isTrustStage(history.at(at - ids.length)));
    const layers = await inParallel(own, CONCURRENT_LAYERS, (layer, signal) =>
      withoutLeftovers(registry, made, layer, signal),
    );
    const before = base.config.config?.Labels ?? {};
    const labels = Object.entries(config.config?.Labels ?? {}).filter(
      ([name, value]) => before[name] !== value,
    );
    const image = appendLayers(
      { manifest: base.manifestBytes, mediaType: base.mediaType, config: base.configBytes },
      layers,
      {
        labels: { ...Object.fromEntries(labels), [Label.customisation]: key },
        annotations: {},
        created: base.config.created ?? '1970-01-01T00:00:00Z',
        history: layers.map(() => ({ created_by: 'varve: container build' })),
      },
    );
    await registry.putBlob(kept, image.configDescriptor, image.config);
    await registry.putManifest(withDigest(kept, image.digest), image.manifest, image.mediaType);
    return image;
  }
}

/** A build can leave an image that its base was not: with another kernel beside the first one, or with none. */
function refuseMade(error: unknown): never {
  if (!(error instanceof OsBuildError) || error.code !== 'base-not-bootable') throw error;
  throw new OsBuildError(
    'wrong-kernels',
    'cannot use what the container build made: a host boots exactly one kernel, and it has none or several in /usr/lib/modules; ' +
      'whoever installs a kernel has to remove the one that was there, and to leave its vmlinuz beside its modules',
    { cause: error, field: 'spec.containerFile' },
  );
}

/** What is said of an image that cannot be a customised base. */
const UNUSABLE: ReadonlySet<OsBuildErrorCode> = new Set([
  'base-malformed',
  'base-not-bootable',
  'image-missing',
]);

/** Whether an image stands on the base, and was made for this key: anybody who may push can put another one under its name. */
function isCustomisation({ manifest, config }: FoundImage, base: Base, key: string): boolean {
  const { layers } = base.manifest;
  return (
    config.architecture === base.config.architecture &&
    config.config?.Labels?.[Label.customisation] === key &&
    layers.every(({ digest }, at) => manifest.layers[at]?.digest === digest) &&
    base.config.rootfs.diff_ids.every((id, at) => config.rootfs.diff_ids[at] === id)
  );
}

/** Images that a Containerfile names; what a variable is in is asked for without credentials. */
function imagesOf(containerfile: Containerfile | undefined): readonly Reference[] {
  const copied = containerfile?.text.matchAll(/[-,=]from=([^\s,]+)/g) ?? [];
  const names = [
    ...(containerfile?.stages ?? []).map(({ base }) => base),
    ...[...copied].map(([, name = '']) => name),
  ];
  return names.flatMap((name) => {
    try {
      return name.includes('/') && !name.includes('$') ? [parseReference(name)] : [];
    } catch (error) {
      if (error instanceof OciError) return [];
      throw error;
    }
  });
}

function environmentOf(variables: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    variables.map((variable) => {
      const at = variable.indexOf('=');
      return at < 0 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)];
    }),
  );
}

function withoutEmpty(
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );
}
