import type { MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import {
  isKubeError,
  keyOf,
  outcomes,
  referenceTo,
  type Change,
  type KubeObject,
  type ObjectKey,
  type Outcome,
  type ReconcileContext,
  type ResourceType,
} from '../kube/index.ts';
import { buildInForce, disposableRendered, renderedOwner } from '../machineconfig/index.ts';
import { disposableBuilds, OsBuildError } from '../osbuild/index.ts';
import { ImageRetention } from './image-retention.ts';
import { poolController } from './pool-controller.ts';
import type { PoolRegistries } from './pool-registries.ts';
import { QuietPeriod } from './quiet-period.ts';
import { MACHINE_CONFIGS, OS_BUILDS, OS_CONFIGS, clusterKey } from './resources.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/** Changes put off what may go by so many times the delay at the most. */
const LONGEST_DELAYS = 12;
const JITTER = 0.1;

/**
 * Lets go of what nothing needs any more: builds, then their images, and rendered MachineConfigs. Nothing is lost by doing
 * it late, so that it waits until changes have come to rest.
 *
 * @param registries shared with whoever else speaks to them
 */
export function retentionController(
  support: ControllerSupport,
  registries: PoolRegistries,
): RunningController {
  const { client, view, settings } = support;
  const { clock } = client;
  const { delay } = settings.retention;
  const quiet = new QuietPeriod({ clock, period: delay, longest: LONGEST_DELAYS * delay });
  const images = new ImageRetention({ view, settings, registries, clock });
  const retention = new Retention(support, quiet, images);
  const controller = poolController(support, {
    name: 'retention',
    reconcile: (pool, context) => retention.reconcile(pool, context),
  });
  const changed = (pool: string): readonly ObjectKey[] => {
    quiet.changed(pool);
    return [clusterKey(pool)];
  };
  controller.watch(view.pools, (change) => (isNewSpec(change) ? changed(change.object.metadata.name) : []));
  controller.watch(view.osConfigs, ({ object }) => changed(object.spec.machineConfigPool.name));
  controller.watch(view.osBuilds, ({ type, object }) => {
    const osConfig = view.osConfigs.cache.get(clusterKey(object.spec.machineOSConfig.name));
    if (osConfig === undefined) return [];
    if (type === 'deleted') images.expect(osConfig);
    return changed(osConfig.spec.machineConfigPool.name);
  });
  controller.watch(view.machineConfigs, ({ type, object }) => {
    const owner = type === 'added' ? renderedOwner(object.metadata) : undefined;
    return owner === undefined ? [] : changed(owner.name);
  });
  // What nodes stop to use is noticed by the hour.
  controller.watch(view.nodes, () => []);
  return { controller };
}

/** Nodes change all the time, and with them what a pool says of them. */
function isNewSpec(change: Change<MachineConfigPool>): boolean {
  return (
    change.type !== 'updated' || change.old.metadata['generation'] !== change.object.metadata['generation']
  );
}

class Retention {
  readonly #support: ControllerSupport;
  readonly #quiet: QuietPeriod;
  readonly #images: ImageRetention;

  constructor(support: ControllerSupport, quiet: QuietPeriod, images: ImageRetention) {
    this.#support = support;
    this.#quiet = quiet;
    this.#images = images;
  }

  async reconcile(name: string, { signal }: ReconcileContext): Promise<Outcome> {
    const { view, client, settings } = this.#support;
    this.#quiet.start();
    const remaining = this.#quiet.remaining(name);
    if (remaining > 0) return outcomes.waiting('something is changing', remaining);
    this.#quiet.settle(name);
    const pool = view.pools.cache.get(clusterKey(name));
    // Whatever belongs to it goes with it.
    if (pool === undefined || pool.metadata['deletionTimestamp'] !== undefined) return outcomes.done;
    await this.#tidyRendered(pool, signal);
    for (const osConfig of view.osConfigs.cache.byIndex('pool', name)) {
      if (osConfig.metadata['deletionTimestamp'] !== undefined) continue;
      await this.#tidyBuilds(pool, osConfig, signal);
      await this.#tidyImages(osConfig, signal);
    }
    return outcomes.requeueAfter(settings.retention.period * (1 + JITTER * client.clock.random()));
  }

  async #tidyRendered(pool: MachineConfigPool, signal: AbortSignal): Promise<void> {
    const { view, settings, log } = this.#support;
    const own = view.machineConfigs.cache
      .values()
      .filter(({ metadata }) => renderedOwner(metadata)?.uid === pool.metadata['uid'])
      .toArray();
    if (own.length <= settings.keptRendered) return;
    const names = disposableRendered({
      machineConfigs: own,
      pools: view.pools.cache.values().toArray(),
      nodes: view.nodes.cache.values().toArray(),
      builds: view.osBuilds.cache.values().toArray(),
      kept: settings.keptRendered,
    });
    for (const name of names) {
      const seen = own.find(({ metadata }) => metadata.name === name);
      if (seen === undefined || !(await this.#delete(MACHINE_CONFIGS, seen, signal))) continue;
      log.info('deleted a rendered MachineConfig that nothing needs', { machineConfig: name });
    }
  }

  async #tidyBuilds(pool: MachineConfigPool, osConfig: MachineOSConfig, signal: AbortSignal): Promise<void> {
    const { view, settings, events, log } = this.#support;
    const builds = view.osBuilds.cache.byIndex('osConfig', osConfig.metadata.name);
    const names = disposableBuilds({
      osConfig,
      builds,
      nodes: view.nodes.cache.values().toArray(),
      wanted: buildInForce(pool, osConfig, builds)?.metadata.name,
      kept: settings.keptBuilds,
    });
    const target = pool.spec.configuration?.name;
    for (const name of names) {
      const seen = builds.find(({ metadata }) => metadata.name === name);
      // Which of several of one configuration is wanted is for the build controller to say.
      if (seen === undefined || seen.spec.machineConfig.name === target) continue;
      if (!(await this.#delete(OS_BUILDS, seen, signal))) continue;
      const message = 'Neither a pool nor a node needs its image, and there are newer ones';
      events.record({
        object: referenceTo(OS_BUILDS, seen),
        type: 'Normal',
        reason: 'BuildDeleted',
        message,
      });
      log.info('deleted a build that nothing needs', { build: name });
    }
  }

  async #tidyImages(osConfig: MachineOSConfig, signal: AbortSignal): Promise<void> {
    const { events, log } = this.#support;
    const { name } = osConfig.metadata;
    try {
      const result = await this.#images.tidy(osConfig, signal);
      if (result.kind === 'done' && result.deleted > 0) {
        log.info('deleted images that nothing needs', { osConfig: name, images: result.deleted });
      }
      if (result.kind !== 'failed' || result.news === undefined) return;
      const message = `Images of pool ${osConfig.spec.machineConfigPool.name} that nothing needs stay: ${result.news}`;
      const object = referenceTo(OS_CONFIGS, osConfig);
      events.record({ object, type: 'Warning', reason: 'ImagesNotDeleted', message });
      log.warn('cannot delete images that nothing needs', { osConfig: name, reason: result.news });
    } catch (error) {
      // The build controller says so where it matters.
      if (!(error instanceof OsBuildError)) throw error;
    }
  }

  /** Whether an object has been deleted, as it was seen. */
  async #delete<T extends KubeObject>(type: ResourceType<T>, seen: T, signal: AbortSignal): Promise<boolean> {
    const { uid, resourceVersion } = seen.metadata;
    if (seen.metadata.deletionTimestamp !== undefined || uid === undefined || resourceVersion === undefined)
      return false;
    try {
      await this.#support.client.delete(type, keyOf(seen), {
        signal,
        preconditions: { uid, resourceVersion },
        propagationPolicy: 'Background',
      });
      return true;
    } catch (error) {
      // Somebody was faster, or has changed it since: next time.
      if (isKubeError(error, 'not-found', 'conflict')) return false;
      throw error;
    }
  }
}
