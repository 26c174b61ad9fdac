import type { MachineOSConfig } from '../api/index.ts';
import { buildStateOf, isTerminalState } from '../api/index.ts';
import type { Clock } from '../kube/index.ts';
import { formatRepository } from '../oci/index.ts';
import { buildFailure, disposableImages, pushRepository } from '../osbuild/index.ts';
import type { TaggedImage } from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { CustomisationRetention } from './customisation-retention.ts';
import type { PoolRegistries } from './pool-registries.ts';
import { accessSources, poolAccess } from './registry-access.ts';
import { clusterKey } from './resources.ts';
import type { ControllerSettings } from './support.ts';
import { uidOf } from './object-uid.ts';

export interface ImageRetentionOptions {
  readonly view: ClusterView;
  readonly settings: ControllerSettings;
  readonly registries: PoolRegistries;
  readonly clock: Clock;
}

/**
 * What became of the images that nothing needs:
 * - `not-now`: it was looked not long ago, or builds are under way whose image might be one of them.
 * - `failed`: the registry cannot list or delete them, with what it says, where that is news.
 */
export type ImageRetentionResult =
  | { readonly kind: 'not-now' }
  | { readonly kind: 'done'; readonly deleted: number }
  | { readonly kind: 'failed'; readonly news: string | undefined };

/** How long a registry that failed is left alone, in milliseconds. */
const RETRY = 600_000;

/**
 * Deletes images whose build is gone from the repositories of MachineOSConfigs, and what container builds have made that no image
 * stands on any more. To list a repository costs a request for each
 * of its tags, so that it is done when a build has gone, and now and then.
 */
export class ImageRetention {
  readonly #options: ImageRetentionOptions;
  readonly #customisations: CustomisationRetention;
  /** When each MachineOSConfig's images are due, by its uid. */
  readonly #due = new Map<string, number>();
  /** What was last said of each. */
  readonly #said = new Map<string, string>();

  constructor(options: ImageRetentionOptions) {
    this.#options = options;
    const { view, clock, settings } = options;
    this.#customisations = new CustomisationRetention({ view, clock, age: settings.retention.period });
  }

  /** A build has gone, and its image may. */
  expect(osConfig: MachineOSConfig): void {
    this.#due.set(uidOf(osConfig), 0);
  }

  /** @throws OsBuildError for a MachineOSConfig that says nothing of where its images are, or with what secret */
  async tidy(osConfig: MachineOSConfig, signal: AbortSignal): Promise<ImageRetentionResult> {
    const { view, settings, registries, clock } = this.#options;
    const uid = uidOf(osConfig);
    const due = this.#due.get(uid) ?? this.#defer(uid, settings.retention.period * clock.random());
    if (clock.now() < due || this.#isBuilding(osConfig)) return { kind: 'not-now' };
    const push = pushRepository(osConfig);
    const { key, access } = poolAccess(osConfig, accessSources(view, settings));
    const { registry, release } = registries.lease(key, access);
    // What goes from now on may be missing from what is seen, and is for the next time.
    this.#defer(uid, settings.retention.period);
    try {
      const tags = await registry.listImages(push, signal);
      if (this.#isBuilding(osConfig)) {
        this.expect(osConfig);
        return { kind: 'not-now' };
      }
      const images = this.#disposable(osConfig, tags);
      const left = tags.filter(({ digest }) => !images.includes(digest));
      const digests = [...images, ...(await this.#customisations.disposable(registry, push, left, signal))];
      const deleted = digests.length === 0 ? 0 : await registry.deleteImages(push, digests, signal);
      if (deleted === digests.length) return { kind: 'done', deleted };
      const complaint = `cannot delete ${digests.length - deleted} of ${digests.length} images that nothing needs from ${formatRepository(push)}: the registry does not delete, or does not let the push secret`;
      return { kind: 'failed', news: this.#news(uid, complaint) };
    } catch (error) {
      // A repository too large to list in the time that there is would be listed again and again without a pause.
      this.#defer(uid, Math.min(RETRY, settings.retention.period));
      if (signal.aborted) throw error;
      return { kind: 'failed', news: this.#news(uid, buildFailure(error).message) };
    } finally {
      release();
    }
  }

  #disposable(osConfig: MachineOSConfig, tags: readonly TaggedImage[]): readonly string[] {
    const { view } = this.#options;
    const current = view.osConfigs.cache.get(clusterKey(osConfig.metadata.name));
    if (current === undefined || uidOf(current) !== uidOf(osConfig)) return [];
    return disposableImages({
      osConfig: current,
      builds: view.osBuilds.cache.values().toArray(),
      nodes: view.nodes.cache.values().toArray(),
      tags,
      pools: view.pools.cache
        .values()
        .map(({ metadata }) => metadata.name)
        .toArray(),
    });
  }

  /** An image that a build is about to push again must not be deleted under its hands. */
  #isBuilding({ metadata }: MachineOSConfig): boolean {
    return this.#options.view.osBuilds.cache
      .byIndex('osConfig', metadata.name)
      .some((build) => !isTerminalState(buildStateOf(build)));
  }

  #defer(uid: string, milliseconds: number): number {
    const due = this.#options.clock.now() + milliseconds;
    this.#due.set(uid, due);
    return due;
  }

  #news(uid: string, message: string): string | undefined {
    if (this.#said.get(uid) === message) return undefined;
    this.#said.set(uid, message);
    return message;
  }
}
