import { isDeepStrictEqual } from 'node:util';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import { OS_IMAGE_OVERRIDDEN_ANNOTATION, findCondition } from '../api/index.ts';
import type { Outcome } from '../kube/index.ts';
import { isKubeError, outcomes, referenceTo } from '../kube/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import { MachineConfigError, poolConfiguration, render, renderCondition } from '../machineconfig/index.ts';
import { ControllerError } from './controller-error.ts';
import { patchSeen } from './patch-seen.ts';
import { poolController } from './pool-controller.ts';
import { QuietPeriod } from './quiet-period.ts';
import { renderInput } from './render-input.ts';
import { watchRenderSources } from './render-triggers.ts';
import { putRight, renderedDifference, renderedObject } from './rendered-object.ts';
import { MACHINE_CONFIGS, POOLS, clusterKey } from './resources.ts';
import { rollbackTarget } from './rollback-target.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

type PoolConfiguration = NonNullable<MachineConfigPool['spec']['configuration']>;

/** Pools that are rendered at once: rendering takes the processor, writing what was rendered does not. */
const CONCURRENCY = 4;

/**
 * The render controller (contract §2): keeps the rendered MachineConfig of each pool, and `spec.configuration` of the pool that
 * names it, in line with the MachineConfigs that the pool selects. What cannot be rendered changes neither.
 */
export function renderController(support: ControllerSupport): RunningController {
  const { client, settings, view } = support;
  const quiet = new QuietPeriod({ clock: client.clock, ...settings.quiet });
  const renderer = new PoolRenderer(support, quiet);
  const controller = poolController(support, {
    name: 'render',
    reconcile: (pool, { signal }) => renderer.reconcile(pool, signal),
    concurrency: CONCURRENCY,
  });
  watchRenderSources(controller, view, quiet, (pool) => renderer.isInForce(pool));
  return { controller };
}

class PoolRenderer {
  readonly #support: ControllerSupport;
  readonly #quiet: QuietPeriod;
  /** What this process has made pools name, and found them to name. */
  readonly #inForce = new Map<string, PoolConfiguration>();

  constructor(support: ControllerSupport, quiet: QuietPeriod) {
    this.#support = support;
    this.#quiet = quiet;
  }

  /** Whether a pool names what it should, as far as this process knows. */
  isInForce({ metadata, spec }: MachineConfigPool): boolean {
    return isDeepStrictEqual(this.#inForce.get(metadata.name), spec.configuration);
  }

  async reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    const { view, findings } = this.#support;
    this.#quiet.start();
    const pool = view.pools.cache.get(clusterKey(name));
    if (pool === undefined || pool.metadata['deletionTimestamp'] !== undefined) {
      this.#quiet.settle(name);
      this.#inForce.delete(name);
      findings.forget(name);
      return outcomes.done;
    }
    const remaining = this.#quiet.remaining(name);
    if (remaining > 0) return outcomes.waiting('MachineConfigs are changing', remaining);
    this.#quiet.settle(name);
    try {
      const rollback = rollbackTarget(view, pool);
      // First: a person may go back because of what cannot be rendered now.
      if (rollback !== undefined) await this.#name(pool, { name: rollback.metadata.name }, signal);
      const rendered = render(renderInput(view, pool));
      // What a pool names has to be there.
      await this.#store(pool, rendered, signal);
      if (rollback === undefined) await this.#putInForce(pool, rendered, signal);
      findings.tell(name, { render: renderCondition(name) });
      return outcomes.done;
    } catch (error) {
      return this.#refuse(pool, error);
    }
  }

  async #store(pool: MachineConfigPool, rendered: Rendered, signal: AbortSignal): Promise<void> {
    const { client, view, log } = this.#support;
    const wanted = renderedObject(rendered, pool);
    const found = view.machineConfigs.cache.get(clusterKey(rendered.name));
    if (found === undefined) {
      await client.create(MACHINE_CONFIGS, wanted, { signal });
      log.info('rendered', { pool: pool.metadata.name, machineConfig: rendered.name });
      this.#say(pool, 'Normal', 'RenderedConfigGenerated', `${rendered.name} successfully generated`);
      return;
    }
    const difference = renderedDifference(found, wanted);
    if (difference === 'none') return;
    await client.update(MACHINE_CONFIGS, putRight(found, wanted), { signal });
    if (difference === 'spec') {
      const message = `spec of ${rendered.name} had been changed and is as rendered again; change the MachineConfigs that it is rendered from: ${rendered.sources.join(', ')}`;
      log.warn('put right', { pool: pool.metadata.name, machineConfig: rendered.name });
      this.#say(pool, 'Warning', 'RenderedConfigRestored', message);
    }
  }

  async #putInForce(pool: MachineConfigPool, rendered: Rendered, signal: AbortSignal): Promise<void> {
    const isNews = await this.#name(pool, poolConfiguration(rendered), signal);
    if (isNews) this.#sayNews(pool, rendered);
  }

  /** Has the pool name a configuration. @returns whether it named another one */
  async #name(pool: MachineConfigPool, wanted: PoolConfiguration, signal: AbortSignal): Promise<boolean> {
    const { client } = this.#support;
    this.#inForce.set(pool.metadata.name, wanted);
    const found = pool.spec.configuration ?? {};
    if (isDeepStrictEqual(found, wanted)) return false;
    const others = Object.fromEntries(Object.keys(found).map((member) => [member, null]));
    const configuration = { ...others, ...wanted };
    await patchSeen(client, POOLS, pool, { spec: { configuration } }, { signal });
    return found.name !== wanted.name;
  }

  /** What people should know of a configuration when it comes into force. */
  #sayNews(pool: MachineConfigPool, { machineConfig, warnings }: Rendered): void {
    if (isOverridden(machineConfig)) {
      // Without the image, of which nobody knows yet that it is a reference and holds no password.
      const message = `${machineConfig.metadata.name} runs the image of its spec.osImageURL, which a MachineConfig asks for in place of the cluster's OS image`;
      this.#say(pool, 'Normal', 'OSImageURLOverridden', message);
    }
    for (const warning of warnings) this.#say(pool, 'Warning', 'RenderWarning', warning);
  }

  #refuse(pool: MachineConfigPool, error: unknown): Outcome {
    const { findings, log } = this.#support;
    const { name } = pool.metadata;
    if (!(error instanceof Error) || isPassing(error)) return outcomes.failed(error);
    const condition = renderCondition(name, error);
    if (findings.of(name).render?.message !== condition.message) {
      log.warn('cannot render', { pool: name, reason: error.message });
      const said = findCondition(pool.status?.conditions, 'RenderDegraded')?.message;
      // The process before this one has told people already.
      if (said !== condition.message) this.#say(pool, 'Warning', reasonOf(error), condition.message);
    }
    findings.tell(name, { render: condition });
    const isStalled = error instanceof MachineConfigError || error instanceof ControllerError;
    return isStalled ? outcomes.stalled(condition.message) : outcomes.failed(error);
  }

  #say(pool: MachineConfigPool, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#support.events.record({ object: referenceTo(POOLS, pool), type, reason, message });
  }
}

/** Contract §2.1 has a reason of its own for one kind of failure. */
function reasonOf(error: Error): string {
  const isSelecting = error instanceof MachineConfigError && error.code === 'selects-everything';
  return isSelecting ? 'SelectingAll' : 'RenderedConfigFailed';
}

/** Whether trying again is all there is to do: the API server is busy or away, or this process is behind. */
function isPassing(error: Error): boolean {
  return (
    isKubeError(error) && (error.retryable || isKubeError(error, 'aborted', 'already-exists', 'not-found'))
  );
}

function isOverridden({ metadata }: MachineConfig): boolean {
  return metadata.annotations?.[OS_IMAGE_OVERRIDDEN_ANNOTATION] === 'true';
}
