import { buildStateOf, isTerminalState } from '../api/index.ts';
import type { Clock } from '../kube/index.ts';
import { formatRepository, OciError, parseReference, type Reference } from '../oci/index.ts';
import {
  disposableCustomisations,
  isCustomisationTag,
  type PoolRegistry,
  type TaggedImage,
} from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';

export interface CustomisationRetentionOptions {
  readonly view: ClusterView;
  readonly clock: Clock;
  /** How long an image must have been seen to be of no use, in milliseconds. */
  readonly age: number;
}

/**
 * Says which images of container builds may go from a repository: what no image stands on, and what builds have left there.
 * Somebody elsewhere may be about to use one, with `varve build`, of which nothing here tells: one goes only after it has been of no
 * use for a while.
 */
export class CustomisationRetention {
  readonly #options: CustomisationRetentionOptions;
  /** Since when each image of a repository has been of no use. */
  readonly #since = new Map<string, ReadonlyMap<string, number>>();

  constructor(options: CustomisationRetentionOptions) {
    this.#options = options;
  }

  /**
   * The digests that may be deleted now; none while an image is being built whose pool has its images there.
   *
   * @param tags everything in the repository
   */
  async disposable(
    registry: PoolRegistry,
    push: Reference,
    tags: readonly TaggedImage[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { view, clock, age } = this.#options;
    const repository = formatRepository(push);
    const images = tags.filter(({ tag }) => !isCustomisationTag(tag)).map(({ digest }) => digest);
    if (images.length === tags.length) {
      // One that comes back later is as good as new.
      this.#since.delete(repository);
      return [];
    }
    if (this.#isBuilding(repository)) return [];
    const stoodOn = await registry.customisationsOf(push, [...new Set(images)], signal);
    // One that began since may have found any of them.
    if (this.#isBuilding(repository)) return [];
    const gone = disposableCustomisations({
      builds: view.osBuilds.cache.values().toArray(),
      nodes: view.nodes.cache.values().toArray(),
      tags,
      pools: view.pools.cache
        .values()
        .map(({ metadata }) => metadata.name)
        .toArray(),
      stoodOn,
    });
    const now = clock.now();
    const before = this.#since.get(repository);
    const since = new Map(
      gone.map(({ tag, digest }) => [`${tag}@${digest}`, before?.get(`${tag}@${digest}`) ?? now]),
    );
    this.#since.set(repository, since);
    const old = gone.filter(({ tag, digest }) => now - (since.get(`${tag}@${digest}`) ?? now) >= age);
    // A registry deletes an image with all its tags.
    const young = new Set(gone.filter((image) => !old.includes(image)).map(({ digest }) => digest));
    return [...new Set(old.map(({ digest }) => digest))].filter((digest) => !young.has(digest));
  }

  #isBuilding(repository: string): boolean {
    return this.#options.view.osBuilds.cache
      .values()
      .filter((build) => !isTerminalState(buildStateOf(build)))
      .some(({ spec }) => repositoryOf(spec.renderedImagePushSpec) === repository);
  }
}

/** Undefined for what cannot be read, which no build can push to. */
function repositoryOf(image: string): string | undefined {
  try {
    return formatRepository(parseReference(image));
  } catch (error) {
    if (error instanceof OciError) return undefined;
    throw error;
  }
}
