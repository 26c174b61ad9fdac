import type { OciErrorCode, OptionNames, Reference, RegistryClient } from '../oci/index.ts';
import {
  formatReference,
  OciError,
  openRegistry,
  parseDigest,
  parseReference,
  withDigest,
  withTag,
} from '../oci/index.ts';
import { pushArtifact } from './artifact.ts';
import { inParallel } from './bounded-parallel.ts';
import type { FoundImage, ResolvedBase } from './base-catalog.ts';
import type { BuildCache } from './build-cache.ts';
import type { TaggedImage } from './build-retention.ts';
import { customisationsOf } from './image-customisations.ts';
import { indexRepository } from './index-artifact.ts';
import { OpenedBases } from './opened-bases.ts';
import { OsBuildError } from './osbuild-error.ts';
import { missingBase, readOsImageURL, refuseOwnImage } from './os-image-url.ts';
import { PoolBuildLog } from './pool-build-log.ts';
import { PoolBuilder } from './pool-builder.ts';
import { PoolCredentials } from './pool-credentials.ts';
import type {
  PoolBuildRequest,
  PoolBuildResult,
  PoolRegistry,
  RegistryAccess,
  ResolvedBaseName,
} from './pool-registry.ts';
import { poolTags } from './pool-tags.ts';
import { renderedConfigArtifact } from './rendered-config-artifact.ts';

export interface PoolRegistryOptions {
  /** The bases that stay open, for all registries of a process. Default: its own. */
  readonly bases?: OpenedBases;
  /** How patiently a registry is asked; see RegistryOptions. Default: 3 attempts within 20 s, 10 s of silence. */
  readonly patience?: {
    readonly attempts: number;
    readonly deadline: number;
    readonly inactivity: number;
  };
  /** How messages name what a person can change. */
  readonly optionNames?: OptionNames;
}

/**
 * A controller tries again by itself, and until then a condition should say what is wrong: a registry that is dead gets
 * seconds, not minutes.
 */
const PATIENCE = { attempts: 3, deadline: 20_000, inactivity: 10_000 };

const OPTION_NAMES: OptionNames = {
  plainHttp: '--insecure-registry of varve controller',
  certificateAuthorities: 'spec.additionalTrustBundle of the ControllerConfig or --ca of varve controller',
};

/** Tags that are looked up, and images that are deleted, at once. */
const CONCURRENT_REQUESTS = 8;

/** Why an image cannot be deleted that is left where it is (contract §4.9). */
const UNDELETABLE: ReadonlySet<OciErrorCode> = new Set([
  'denied',
  'not-found',
  'unauthorized',
  'unsupported',
]);

/** Opens the registries of a pool with its credentials. No connection is made before the first call. */
export function openPoolRegistry(
  access: RegistryAccess,
  cache: BuildCache,
  options: PoolRegistryOptions = {},
): PoolRegistry {
  return new OpenPoolRegistry(access, cache, options);
}

class OpenPoolRegistry implements PoolRegistry {
  readonly #registry: RegistryClient;
  readonly #credentials: PoolCredentials;
  readonly #cache: BuildCache;
  readonly #bases: OpenedBases;

  constructor(access: RegistryAccess, cache: BuildCache, options: PoolRegistryOptions) {
    this.#credentials = new PoolCredentials(access);
    this.#cache = cache;
    this.#bases = options.bases ?? new OpenedBases();
    this.#registry = openRegistry({
      auth: this.#credentials,
      plainHttp: access.insecureRegistries,
      certificateAuthorities: access.certificateAuthorities,
      proxyEnv: access.proxyEnvironment,
      userAgent: 'varve',
      optionNames: options.optionNames ?? OPTION_NAMES,
      ...(options.patience ?? PATIENCE),
    });
  }

  async resolveBase(request: {
    readonly pool: string;
    readonly osImageURL: string;
    readonly push: Reference;
    readonly signal: AbortSignal;
  }): Promise<ResolvedBaseName> {
    const { pool, push, signal } = request;
    this.#writesTo(push);
    const tag = withTag(push, poolTags(pool).external);
    const external = await this.#registry.resolve(tag, signal);
    if (external !== undefined)
      return { base: formatReference(withDigest(tag, external.digest)), isExternal: true };
    const named = readOsImageURL(request.osImageURL);
    refuseOwnImage(pool, named, push);
    const digest = named.digest ?? (await this.#registry.resolve(named, signal))?.digest;
    if (digest === undefined) throw missingBase(named);
    return { base: formatReference(withDigest(named, digest)), isExternal: false };
  }

  async build(request: PoolBuildRequest): Promise<PoolBuildResult> {
    const { pool, rendered, base, push, architectures, containers, say } = request;
    this.#writesTo(push);
    // What was asked and is no longer waited for ends with the build.
    const ends = new AbortController();
    const signal = AbortSignal.any([request.signal, ends.signal]);
    const log = new PoolBuildLog(say);
    const builder = new PoolBuilder(
      { registry: this.#registry, cache: this.#cache },
      {
        architectures,
        bases: this.#bases,
        signal,
        verify: true,
        events: log.events,
        ...(containers === undefined
          ? {}
          : { customiser: { builders: containers.builders, inputs: containers.inputs, signal, say } }),
      },
    );
    try {
      const asked = builder.ask(base, push, withTag(push, poolTags(pool).image));
      refuseMissing(await asked.base, request.requiredArchitectures ?? []);
      const built = await builder.finish(asked, {
        pool,
        rendered,
        compression: 'gzip',
        ...(containers === undefined ? {} : { wishFor: containers.wishFor }),
      });
      log.ended(built);
      return { image: built.pushed.reference, upToDate: built.pushed.upToDate, warnings: built.warnings };
    } finally {
      ends.abort('ended');
      await builder.settled();
    }
  }

  async has(image: string, signal: AbortSignal, push?: Reference): Promise<boolean> {
    const reference = parseReference(image);
    this.#writesTo(push ?? reference);
    return (await this.#registry.resolve(reference, signal)) !== undefined;
  }

  async publishTags(request: {
    readonly pool: string;
    readonly image: string;
    readonly rendered: Parameters<typeof renderedConfigArtifact>[0];
    readonly signal: AbortSignal;
  }): Promise<void> {
    const image = parseReference(request.image);
    this.#writesTo(image);
    const registry = this.#registry.until(request.signal);
    const tags = poolTags(request.pool);
    await this.#tagImage(registry, image, withTag(image, tags.image));
    const artifact = renderedConfigArtifact(request.rendered);
    const location = withTag(image, tags.renderedConfig);
    if ((await resolveTagged(registry, location)) === artifact.digest) return;
    await pushArtifact(registry, location, artifact);
  }

  async listImages(push: Reference, signal: AbortSignal): Promise<readonly TaggedImage[]> {
    this.#writesTo(push);
    const registry = this.#registry.until(signal);
    const tags = await registry.listTags(push);
    const images = await inParallel(tags, CONCURRENT_REQUESTS, (tag, stop) =>
      resolveTagged(registry, withTag(push, tag), stop),
    );
    return images.flatMap((digest, position) => {
      const tag = tags[position];
      return digest === undefined || tag === undefined ? [] : [{ tag, digest }];
    });
  }

  async customisationsOf(
    push: Reference,
    digests: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    this.#writesTo(push);
    const registry = this.#registry.until(signal);
    const keys = await inParallel(digests.map(parseDigest), CONCURRENT_REQUESTS, (digest, stop) => {
      const host = { registry: registry.until(stop), cache: this.#cache };
      return customisationsOf(host, { ...withDigest(push, digest), digest });
    });
    return new Set(keys.flat());
  }

  async deleteImages(push: Reference, digests: readonly string[], signal: AbortSignal): Promise<number> {
    this.#writesTo(push);
    const registry = this.#registry.until(signal);
    const gone = await inParallel(digests.map(parseDigest), CONCURRENT_REQUESTS, (digest, stop) =>
      registry.deleteManifest(withDigest(push, digest), stop).catch((error: unknown) => {
        if (error instanceof OciError && UNDELETABLE.has(error.code)) return false;
        throw error;
      }),
    );
    return gone.filter((isGone) => isGone).length;
  }

  close(): void {
    this.#registry.close();
  }

  async #tagImage(registry: RegistryClient, image: Reference, tag: Reference): Promise<void> {
    const current = await resolveTagged(registry, tag);
    if (current !== undefined && current === image.digest) return;
    const { bytes, mediaType } = await registry.requireManifest(image);
    await registry.putManifest(tag, bytes, mediaType);
  }

  /** Base indexes of pools lie beside their images: what writes the one writes the other. */
  #writesTo(push: Reference): void {
    this.#credentials.writesTo(push);
    this.#credentials.writesTo(indexRepository(push));
  }
}

/** Of an index the architectures have been chosen; an image by itself is for one, and nodes of another could not boot it. */
function refuseMissing({ reference, images }: ResolvedBase<FoundImage>, required: readonly string[]): void {
  const has = images.map(({ config }) => config.architecture);
  const missing = required.filter((name) => !has.includes(name));
  if (missing.length === 0) return;
  throw new OsBuildError(
    'image-missing',
    `cannot build on ${formatReference(reference)} for ${missing.join(' and ')}: it is for ${has.join(', ')}, and the pool has nodes of ${required.join(', ')}, or its annotation varve.dev/architectures names them; name a base for all of them, or only those in the annotation`,
  );
}

/** What a tag names; undefined where it is gone since, or names something so old that no build can have pushed it. */
async function resolveTagged(
  registry: RegistryClient,
  tag: Reference,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await registry.resolve(tag, signal))?.digest;
  } catch (error) {
    if (error instanceof OciError && error.code === 'unsupported') return undefined;
    throw error;
  }
}
