import type { Compression, Digest, Reference } from '../oci/index.ts';
import { OciError } from '../oci/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import type { Architectures, Base, BaseEvents, FoundImage, ResolvedBase } from './base-catalog.ts';
import { BaseCatalog } from './base-catalog.ts';
import type { BuildHost } from './build-host.ts';
import type { CurrentImage } from './current-image.ts';
import { readCurrentImage } from './current-image.ts';
import type { DirectImage } from './direct-image.ts';
import { assembleImage } from './direct-image.ts';
import type { Pushed } from './direct-push.ts';
import { pushImages } from './direct-push.ts';
import type { CustomisationWish, CustomiserOptions } from './customisation.ts';
import type { ArchitectureTask } from './each-architecture.ts';
import { OpenedBases } from './opened-bases.ts';
import { OsBuildError } from './osbuild-error.ts';
import { findLost, lostError } from './push-verification.ts';
import { refusePushOverBase } from './push-target.ts';

/** What takes a build its time. `index` is only there where nobody has read the base before. */
export type BuilderStep = 'base' | 'index' | 'customise' | 'assemble' | 'push';

/** What happens during a build, for people who wait for it. */
export interface BuilderEvents extends BaseEvents {
  readonly onStep?: (step: BuilderStep, milliseconds: number) => void;
  /** Once for each warning, before anything is pushed. */
  readonly onWarning?: (warning: string) => void;
  /** The registry has not got something that it took: all is pushed again. */
  readonly onLost?: (digest: Digest) => void;
}

export interface PoolBuilderOptions {
  /** Of a base for several, which are built. */
  readonly architectures: Architectures;
  /** Writes nothing to a registry. Default: false. */
  readonly dryRun?: boolean;
  readonly events?: BuilderEvents;
  /** The bases that stay open from one builder to the next. Default: its own. */
  readonly bases?: OpenedBases;
  /** Ends everything, with an OciError `aborted`. */
  readonly signal?: AbortSignal;
  /**
   * Asks the registry afterwards for all that was pushed, and once pushes again what it has lost; a registry may say that
   * it took something and forget it. Default: false.
   */
  readonly verify?: boolean;
  /** What makes what a container build has to make; absent: nothing here can. */
  readonly customiser?: CustomiserOptions;
}

/** What the registries were asked; the answers fail as {@link PoolBuilder.finish} does. */
export interface AskedBuild {
  readonly push: Reference;
  readonly base: Promise<ResolvedBase<FoundImage>>;
  readonly current: Promise<CurrentImage | undefined>;
  readonly similar: Promise<CurrentImage | undefined>;
  /** The tag that will name the image when the next one is built. */
  readonly next: Reference;
}

export interface PoolBuildInput {
  readonly pool: string;
  readonly rendered: Rendered;
  readonly compression: Compression;
  /** What only a container build can give the image of an architecture (`containerWish`); absent: nothing, for none. */
  readonly wishFor?: (architecture: string) => Promise<CustomisationWish | undefined>;
}

/** An image that has been made and pushed. */
export interface BuiltImage {
  readonly base: ResolvedBase;
  /** One for each architecture. */
  readonly images: readonly DirectImage[];
  readonly pushed: Pushed;
  readonly warnings: readonly string[];
}

/**
 * Makes the images of pools (architecture D2), the one way for `varve build` and for controllers:
 * first the registries are asked, so that they answer while a pool is rendered, then the image is made and pushed.
 * What needs a container is an own base by then (architecture D3).
 */
export class PoolBuilder {
  readonly #host: BuildHost;
  readonly #options: PoolBuilderOptions;
  readonly #catalog: BaseCatalog;
  readonly #begun = new Set<Promise<unknown>>();

  constructor({ registry, cache }: BuildHost, options: PoolBuilderOptions) {
    const { events = {}, bases = new OpenedBases(), signal } = options;
    this.#host = { cache, registry: signal === undefined ? registry : registry.until(signal) };
    this.#options = options;
    this.#catalog = new BaseCatalog(this.#host, {
      events,
      opened: bases,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /**
   * Asks for the base and for what the tag holds now; does not wait for the answers.
   *
   * @param similar a tag of the same repository whose image has most of its blobs in common with the one to be made, and
   * which will name that one; for builds that have a tag each
   */
  ask(base: Reference, push: Reference, similar?: Reference): AskedBuild {
    const asked = {
      push,
      base: this.#time('base', () => this.#catalog.find(base, this.#options.architectures, push)),
      current: this.#readCurrent(push),
      similar: similar === undefined ? Promise.resolve(undefined) : this.#readSimilar(similar),
      next: similar ?? push,
    };
    for (const begun of [asked.base, asked.current, asked.similar]) this.#begin(begun);
    return asked;
  }

  /**
   * Makes the image that was asked for, and pushes it.
   *
   * @throws OsBuildError, OciError; MachineConfigError `unplaceable`
   */
  async finish(asked: AskedBuild, input: PoolBuildInput): Promise<BuiltImage> {
    const { base: found, current, known } = await this.#read(asked);
    const base = await this.#customise(found, asked.push, input);
    const { images, warnings } = await this.#time('assemble', async () => this.#assemble(base, input));
    const pushed = await this.#time('push', () => this.#push(asked, base, images, current, known));
    return { base, images, pushed, warnings };
  }

  async #customise(base: ResolvedBase, push: Reference, input: PoolBuildInput): Promise<ResolvedBase> {
    const { wishFor, rendered } = input;
    const wishes = await Promise.all(base.images.map(async ({ config }) => wishFor?.(config.architecture)));
    if (wishes.every((wish) => wish === undefined)) return base;
    const { customiser: options } = this.#options;
    if (options === undefined) {
      throw new OsBuildError(
        'no-builder',
        'cannot build the image in a container: nothing here runs containers',
      );
    }
    const [{ Customiser }, { eachArchitecture }] = await Promise.all([
      import('./customisation.ts'),
      import('./each-architecture.ts'),
    ]);
    const tasks = base.images.map((image, at): ArchitectureTask<Base> => {
      const wish = wishes[at];
      const { architecture } = image.config;
      if (wish === undefined) return { architecture, make: () => Promise.resolve(image) };
      return {
        architecture,
        make: (say, signal) => {
          const host = { ...this.#host, registry: this.#host.registry.until(signal) };
          const customiser = new Customiser(host, this.#catalog, { ...options, say, signal });
          return customiser.customise(image, push, rendered, wish);
        },
      };
    });
    const images = await this.#time('customise', () => eachArchitecture(tasks, options));
    return { ...base, images };
  }

  /** Waits until nothing that was asked is under way; what failed has been told or does not matter. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#begun);
  }

  #begin(work: Promise<unknown>): void {
    this.#begun.add(work);
    const end = (): void => void this.#begun.delete(work);
    // Whoever awaits it sees a failure; until then it is not unhandled.
    work.then(end, end);
  }

  #readCurrent(push: Reference): Promise<CurrentImage | undefined> {
    return this.#options.dryRun === true ? Promise.resolve(undefined) : readCurrentImage(this.#host, push);
  }

  /** What cannot be read, because it is no image that we know of, has nothing in common with ours. */
  async #readSimilar(similar: Reference): Promise<CurrentImage | undefined> {
    try {
      return await this.#readCurrent(similar);
    } catch (error) {
      if (error instanceof OciError && (error.code === 'unsupported' || error.code === 'malformed'))
        return undefined;
      throw error;
    }
  }

  /** Reads the base where nobody has an index of it, once it is known that the image can be pushed at all. */
  async #read(asked: AskedBuild): Promise<{
    readonly base: ResolvedBase;
    readonly current: CurrentImage | undefined;
    readonly known: ReadonlySet<Digest>;
  }> {
    const { push } = asked;
    const [found, current, similar] = await Promise.all([asked.base, asked.current, asked.similar]);
    const known = similar?.blobs ?? new Set<Digest>();
    refusePushOverBase(push, found, current);
    const complete = (): Promise<ResolvedBase> =>
      this.#catalog.complete(found, push, { publish: this.#options.dryRun !== true });
    if (found.images.every(({ facts }) => facts !== undefined))
      return { base: await complete(), current, known };
    const base = await this.#time('index', complete);
    // Reading a base takes minutes, in which somebody else may have pushed.
    const now = await this.#readCurrent(push);
    refusePushOverBase(push, base, now);
    return { base, current: now, known };
  }

  #assemble(
    base: ResolvedBase,
    input: PoolBuildInput,
  ): { readonly images: readonly DirectImage[]; readonly warnings: readonly string[] } {
    const images = base.images.map((image) => assembleImage({ ...input, base: image }));
    const warnings = [...new Set(images.flatMap((image) => image.warnings))];
    for (const warning of warnings) this.#options.events?.onWarning?.(warning);
    return { images, warnings };
  }

  async #push(
    { push, next }: AskedBuild,
    base: ResolvedBase,
    images: readonly DirectImage[],
    current: CurrentImage | undefined,
    known: ReadonlySet<Digest>,
  ): Promise<Pushed> {
    const { dryRun = false, verify = false, events } = this.#options;
    const pushed = await pushImages(this.#host, push, base, images, current, { dryRun, known, next });
    if (dryRun || !verify) return pushed;
    const { registry } = this.#host;
    // Who has an image built again that is there already may know that it is not whole.
    const trusted = pushed.upToDate ? new Set<Digest>() : known;
    const lost = await findLost(registry, push, pushed.content, trusted);
    if (lost === undefined) return pushed;
    events?.onLost?.(lost);
    const again = await pushImages(this.#host, push, base, images, undefined, { next });
    const stillLost = await findLost(registry, push, again.content, new Set());
    if (stillLost !== undefined) throw lostError(push, stillLost);
    return again;
  }

  async #time<T>(step: BuilderStep, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.#options.events?.onStep?.(step, performance.now() - start);
    return result;
  }
}
