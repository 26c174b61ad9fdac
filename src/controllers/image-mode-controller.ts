import { DEFAULT_OS_CONFIG_ANNOTATION, LAYERED_ANSWERED_ANNOTATION, LAYERED_LABEL } from '../api/index.ts';
import type { MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import type { Outcome } from '../kube/index.ts';
import { KubeError, keyOf, outcomes, referenceTo } from '../kube/index.ts';
import { imageMode, type ImageModeAction } from '../machineconfig/index.ts';
import { patchSeen } from './patch-seen.ts';
import { poolController } from './pool-controller.ts';
import { OS_CONFIGS, POOLS, clusterKey } from './resources.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/**
 * The image mode controller (architecture D11): gives a pool that asks for images by its label, or every pool where the
 * installation says so, a default MachineOSConfig, and takes it away when that is no longer asked for. What people made it
 * leaves alone.
 */
export function imageModeController(support: ControllerSupport): RunningController {
  const { view } = support;
  const keeper = new ImageModeKeeper(support);
  const controller = poolController(support, {
    name: 'image-mode',
    reconcile: (pool, { signal }) => keeper.reconcile(pool, signal),
  });
  controller.watch(view.pools);
  controller.watch(view.osConfigs, (change) => {
    const states = change.type === 'updated' ? [change.old, change.object] : [change.object];
    return states.map(({ spec }) => clusterKey(spec.machineConfigPool.name));
  });
  return { controller };
}

class ImageModeKeeper {
  readonly #support: ControllerSupport;
  /** By pool: what people have been told that they have to change. */
  readonly #problems = new Map<string, string>();

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    const { view, settings } = this.#support;
    const pool = view.pools.cache.get(clusterKey(name));
    const osConfigs = view.osConfigs.cache.byIndex('pool', name);
    if (pool === undefined) {
      this.#problems.delete(name);
      await this.#clearUp(name, osConfigs, signal);
      return outcomes.done;
    }
    if (pool.metadata['deletionTimestamp'] !== undefined) return outcomes.done;
    const { action, problem } = imageMode(pool, osConfigs, settings.imageMode);
    if (action !== undefined) await this.#act(pool, action, signal);
    if (problem === undefined) {
      this.#problems.delete(name);
      return outcomes.done;
    }
    if (this.#problems.get(name) !== problem.message)
      this.#say(pool, 'Warning', problem.reason, problem.message);
    this.#problems.set(name, problem.message);
    return outcomes.stalled(problem.message);
  }

  #act(pool: MachineConfigPool, action: ImageModeAction, signal: AbortSignal): Promise<void> {
    switch (action.kind) {
      case 'create':
        return this.#create(pool, action.osConfig, signal);
      case 'remember':
        return this.#remember(pool, signal);
      case 'forget':
        return this.#forget(pool, signal);
      case 'delete':
        return this.#delete(pool, action.osConfig, signal);
    }
  }

  async #create(pool: MachineConfigPool, osConfig: MachineOSConfig, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#support;
    // A person may have opted out just now: the note on the pool that tells an answer that was deleted from a question that
    // was never answered may not have arrived here, although the deletion has.
    const now = await client.get(POOLS, keyOf(pool), { signal });
    if (now.metadata['resourceVersion'] !== pool.metadata['resourceVersion']) {
      throw new KubeError('conflict', `cannot create ${describe(osConfig)}: its pool has changed meanwhile`);
    }
    await client.create(OS_CONFIGS, osConfig, { signal });
    log.info('image mode begins', { pool: pool.metadata.name });
    const { renderedImagePushSpec } = osConfig.spec;
    const message = `${describe(osConfig)} created: the pool's image goes to ${renderedImagePushSpec}`;
    this.#say(pool, 'Normal', 'MachineOSConfigCreated', message);
  }

  async #remember(pool: MachineConfigPool, signal: AbortSignal): Promise<void> {
    const annotations = { [LAYERED_ANSWERED_ANNOTATION]: 'true' };
    await patchSeen(this.#support.client, POOLS, pool, { metadata: { annotations } }, { signal });
  }

  async #forget(pool: MachineConfigPool, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#support;
    const isLabelled = pool.metadata.labels?.[LAYERED_LABEL] !== undefined;
    const metadata = {
      annotations: { [LAYERED_ANSWERED_ANNOTATION]: null },
      ...(isLabelled ? { labels: { [LAYERED_LABEL]: null } } : {}),
    };
    await patchSeen(client, POOLS, pool, { metadata }, { signal });
    if (!isLabelled) return;
    log.info('image mode ends', { pool: pool.metadata.name });
    const message = `label ${LAYERED_LABEL} removed, since the MachineOSConfig that answered it was deleted; set it again to have one`;
    this.#say(pool, 'Normal', 'LayeredLabelRemoved', message);
  }

  async #delete(pool: MachineConfigPool, name: string, signal: AbortSignal): Promise<void> {
    const { view, log } = this.#support;
    const osConfig = view.osConfigs.cache.get(clusterKey(name));
    if (osConfig === undefined) return;
    await this.#deleteSeen(osConfig, signal);
    log.info('image mode ends', { pool: pool.metadata.name });
    const message = `${describe(osConfig)} deleted: the pool no longer has the label ${LAYERED_LABEL}`;
    this.#say(pool, 'Normal', 'MachineOSConfigDeleted', message);
  }

  /** The default of a pool that is gone, and what else Varve made for it. */
  async #clearUp(pool: string, osConfigs: readonly MachineOSConfig[], signal: AbortSignal): Promise<void> {
    for (const osConfig of osConfigs) {
      const { annotations, deletionTimestamp } = osConfig.metadata;
      if (annotations?.[DEFAULT_OS_CONFIG_ANNOTATION] !== 'true' || deletionTimestamp !== undefined) continue;
      await this.#deleteSeen(osConfig, signal);
      this.#support.log.info('pool gone', { pool, machineOSConfig: osConfig.metadata.name });
    }
  }

  /** As it was when it was found to be nobody's: a person may make it theirs at any time. */
  async #deleteSeen(osConfig: MachineOSConfig, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = osConfig.metadata;
    const preconditions = {
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    };
    await this.#support.client.delete(OS_CONFIGS, keyOf(osConfig), { preconditions, signal });
  }

  #say(pool: MachineConfigPool, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#support.events.record({ object: referenceTo(POOLS, pool), type, reason, message });
  }
}

function describe({ metadata }: MachineOSConfig): string {
  return `MachineOSConfig ${metadata.name}`;
}
