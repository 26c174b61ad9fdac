import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import { buildStateOf, isTerminalState } from '../api/index.ts';
import { outcomes, type Controller, type Outcome, type ReconcileContext } from '../kube/index.ts';
import { buildInForce, imageMode, isRenderedEdited, layeredGate } from '../machineconfig/index.ts';
import { formatRepository, parseReference, type Reference } from '../oci/index.ts';
import {
  buildStep,
  isSeed,
  OsBuildError,
  pushRepository,
  type BuildFailure,
  type BuildStep,
} from '../osbuild/index.ts';
import { BaseWatch, type BaseAnswer } from './base-watch.ts';
import { buildMaker } from './build-maker.ts';
import { containerInputs, type ContainerInputs } from './container-inputs.ts';
import { BuildObjects } from './build-objects.ts';
import { BuildRunner } from './build-runner.ts';
import { watchPoolImages } from './build-triggers.ts';
import { poolController } from './pool-controller.ts';
import { PoolImages, type ImageRequest } from './pool-images.ts';
import type { PoolRegistries, RegistryLease } from './pool-registries.ts';
import { nativeBuilding } from './native-building.ts';
import { architecturesOf, forStep, type PoolArchitectures } from './pool-architectures.ts';
import { pushConflict } from './push-conflict.ts';
import { accessSources, poolAccess, type PoolAccess } from './registry-access.ts';
import { renderedMachineConfig } from './render-input.ts';
import { clusterKey } from './resources.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/** Pools that are worked on at once; no registry is waited for there. */
const CONCURRENCY = 8;
/** A pool comes to rest in fewer; more would be a decision that goes round in circles. */
const MOST_STEPS = 12;
/** How much later than asked a pool comes again, by chance: not all pools at once. */
const JITTER = 0.1;
/** A registry that fails is asked again so soon, in milliseconds, for somebody waits for it to be mended. */
const LONGEST_PAUSE = 15_000;
/** For a cache that has to catch up, in milliseconds. */
const SOON = 1000;

/**
 * Makes the images of pools: one build for each set of inputs, used as long as the registry has its image.
 *
 * @param registries shared with whoever else speaks to them
 */
export function buildController(support: ControllerSupport, registries: PoolRegistries): RunningController {
  const builds = new BuildReconciler(support, registries);
  return { controller: builds.controller, close: () => builds.close() };
}

/** What a reconciliation works on. */
interface Situation {
  readonly pool: MachineConfigPool;
  readonly rendered: MachineConfig | undefined;
  readonly objects: BuildObjects;
  readonly push: Reference;
  readonly access: PoolAccess;
  readonly lease: RegistryLease;
  readonly containers: ContainerInputs;
  readonly architectures: PoolArchitectures;
  /** By its digest; there is one as soon as there is a rendered MachineConfig. */
  readonly base: string | undefined;
  /** What the registry said of the image. */
  image?: 'present' | 'missing' | BuildFailure;
}

class BuildReconciler {
  readonly controller: Controller;
  readonly #support: ControllerSupport;
  readonly #registries: PoolRegistries;
  readonly #runner: BuildRunner;
  readonly #bases: BaseWatch;
  readonly #images: PoolImages;
  readonly #leases = new Map<string, { readonly key: string; readonly lease: RegistryLease }>();
  /** What was said last of tags that cannot be published, by pool. */
  readonly #untagged = new Map<string, string>();
  readonly #unsubscribe: () => void;

  constructor(support: ControllerSupport, registries: PoolRegistries) {
    this.#support = support;
    this.#registries = registries;
    const { client, settings, events, log, view } = support;
    this.controller = poolController(support, {
      name: 'build',
      concurrency: CONCURRENCY,
      reconcile: (pool, context) => this.#reconcile(pool, context),
    });
    const enqueue = (pool: string): void => this.controller.enqueue(clusterKey(pool));
    const inquiries = {
      clock: client.clock,
      longestPause: Math.min(settings.registryPoll, LONGEST_PAUSE),
      onNews: enqueue,
    };
    this.#bases = new BaseWatch(inquiries);
    this.#images = new PoolImages(inquiries);
    this.#runner = new BuildRunner({
      client,
      events,
      log,
      namespace: settings.namespace,
      concurrency: settings.concurrentBuilds,
      onEnd: enqueue,
    });
    this.#unsubscribe = view.osBuilds.subscribe(({ type, object }) => {
      if (type === 'deleted') this.#runner.forget(object);
    });
    watchPoolImages(this.controller, view, settings.clusterPullSecret);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#runner.close();
    await Promise.all([this.#bases.close(), this.#images.close()]);
    for (const { lease } of this.#leases.values()) lease.release();
    this.#leases.clear();
  }

  async #reconcile(name: string, { signal }: ReconcileContext): Promise<Outcome> {
    const { view, settings } = this.#support;
    const found = view.pools.cache.get(clusterKey(name));
    const pool = found?.metadata['deletionTimestamp'] === undefined ? found : undefined;
    const osConfigs = view.osConfigs.cache.values().toArray();
    const mode = pool === undefined ? {} : imageMode(pool, osConfigs, settings.imageMode);
    if (pool === undefined || mode.osConfig === undefined) {
      this.#leave(name);
      if (pool !== undefined) this.#tell(name, undefined, mode.problem?.message ?? '');
      else await this.#abandonBuilds(name, signal);
      return outcomes.done;
    }
    const builds = view.osBuilds.cache
      .byIndex('osConfig', mode.osConfig.metadata.name)
      .map((build) => this.#runner.latest(build));
    const { client, events } = this.#support;
    const objects = new BuildObjects({ client, events, osConfig: mode.osConfig, builds, signal });
    try {
      const conflict = pushConflict(mode.osConfig, osConfigs);
      if (conflict !== undefined) return this.#stall(name, objects, conflict);
      return await this.#follow(pool, objects, mode.problem?.message ?? '');
    } catch (error) {
      // Of an object that a person has to change, which brings the pool back.
      if (error instanceof OsBuildError) return this.#stall(name, objects, error.message);
      throw error;
    }
  }

  async #follow(pool: MachineConfigPool, objects: BuildObjects, problem: string): Promise<Outcome> {
    const { name } = pool.metadata;
    const { osConfig } = objects;
    const { view, settings } = this.#support;
    const push = pushRepository(osConfig);
    const rendered = renderedMachineConfig(view, pool);
    const access = poolAccess(osConfig, accessSources(view, settings), rendered?.spec.osImageURL);
    const containers = containerInputs(osConfig, rendered, this.#support);
    const architectures = architecturesOf({ pool, osConfig, rendered }, view, settings);
    const lease = this.#lease(name, access);
    const situation = { pool, rendered, objects, push, access, containers, architectures, lease };
    if (rendered === undefined) return this.#decide({ ...situation, base: undefined }, problem);
    if (isRenderedEdited(rendered)) return this.#awaitRendered(pool, objects, rendered);
    const found = this.#baseOf(situation, rendered);
    switch (found.kind) {
      case 'asking':
        return outcomes.waiting('the registry is asked for the base');
      case 'known':
        return this.#decide({ ...situation, base: found.base.base }, problem);
      case 'unknown':
        // With the image in use nothing is amiss until somebody wants another one.
        this.#tell(name, objects, isServed(pool, objects, push) ? problem : found.failure.message);
        return outcomes.waiting(found.failure.message);
    }
  }

  /** What somebody has edited is no configuration of anybody's; the render controller puts it right at once, if it can. */
  #awaitRendered(pool: MachineConfigPool, objects: BuildObjects, { metadata }: MachineConfig): Outcome {
    const { name } = pool.metadata;
    const message = `MachineConfig ${metadata.name}, which pool ${name} names in spec.configuration.name, has been edited: its spec is not the one that it is called after. No image is built of it; it is put right as soon as pool ${name} can be rendered, see its condition RenderDegraded`;
    if (this.#support.findings.of(name).render?.status !== 'True') return outcomes.waiting(message, SOON);
    this.#tell(name, objects, message);
    return outcomes.waiting(message);
  }

  async #decide(situation: Situation, problem: string): Promise<Outcome> {
    const { pool, rendered, objects, access, containers, base } = situation;
    const { name } = pool.metadata;
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const { image } = situation;
      const { step, superseded } = buildStep({
        pool,
        osConfig: objects.osConfig,
        builds: objects.builds,
        circumstances: access.circumstances + containers.circumstances,
        now: new Date(this.#support.client.clock.wall()),
        ...forStep(situation.architectures),
        ...(rendered === undefined ? {} : { rendered }),
        ...(base === undefined ? {} : { base }),
        ...(image === undefined ? {} : { image }),
      });
      for (const old of superseded) await this.#supersede(objects, old, pool);
      const problemNow = step.kind === 'inspect' ? (step.problem?.message ?? '') : '';
      if (step.kind !== 'inspect' || problemNow !== '') this.#tell(name, objects, problemNow || problem);
      const outcome = await this.#act(situation, step);
      if (outcome !== undefined) return outcome;
    }
    return outcomes.failed(
      new Error(`cannot come to rest with pool ${name}: more than ${MOST_STEPS} steps at once`),
    );
  }

  /** Does one step; without an outcome there is more to decide. */
  async #act(situation: Situation, step: BuildStep): Promise<Outcome | undefined> {
    const { pool, objects } = situation;
    switch (step.kind) {
      case 'wait':
        return outcomes.waiting(step.message);
      case 'create':
        return (await objects.create(step.build)) === undefined
          ? outcomes.waiting(`MachineOSBuild ${step.build.metadata.name} is there, but not yet seen`, SOON)
          : undefined;
      case 'run':
        this.#run(situation, step.build);
        await objects.nameCurrent(step.build);
        return outcomes.waiting(`MachineOSBuild ${step.build} is being made`);
      case 'inspect':
        return this.#inspect(situation, step.image);
      case 'use':
        await objects.use(step.build, step.image);
        return undefined;
      case 'done':
        return this.#keep(situation, step.image);
      case 'seed':
        await objects.seed(step.build, step.image);
        return undefined;
      case 'retry':
        await objects.nameCurrent(step.build);
        return outcomes.waiting(
          step.message,
          Math.min(this.#pollIn(), Math.max(0, step.at.getTime() - this.#support.client.clock.wall())),
        );
      case 'stopped':
        await objects.nameCurrent(step.build);
        // Its base may change, which makes another build.
        return outcomes.waiting(step.message, this.#pollIn());
      case 'replace':
        this.#images.forgetPresence(pool.metadata.name);
        delete situation.image;
        await objects.replace(step);
        return undefined;
      case 'delete': {
        const build = objects.find(step.build);
        if (build !== undefined) this.#runner.stop(build);
        await objects.remove(step.build, step.uid);
        return undefined;
      }
      case 'forget':
        await objects.forgetNote(step);
        return undefined;
    }
  }

  #run(situation: Situation, name: string): void {
    const { pool, objects, rendered, access, base } = situation;
    const build = objects.find(name);
    if (build === undefined || rendered === undefined || base === undefined) return;
    if (isSeed(build))
      throw new Error(`${name} stands for an image that was built elsewhere, and is not to be built`);
    this.#runner.stopOthers(pool.metadata.name, build);
    if (this.#runner.has(build)) return;
    const { view } = this.#support;
    const make = buildMaker({
      view,
      pool,
      osConfig: objects.osConfig,
      rendered,
      build,
      base: parseReference(base),
      push: parseReference(build.spec.renderedImagePushSpec),
      architectures: situation.architectures,
      access,
      lease: () => this.#registries.lease(access.key, access.access),
      containers: nativeBuilding(this.#support.containers, () => view.nodes.cache.values()),
      inputs: situation.containers.inputs,
    });
    this.#runner.run({
      pool: pool.metadata.name,
      build,
      make: async (teller, signal) => {
        const result = await make(teller, signal);
        this.#images.notePresent({ pool: pool.metadata.name, image: result.image, accessKey: access.key });
        return result;
      },
    });
  }

  /** Asks whether the registry has an image; the pool comes back with the answer. */
  #inspect(situation: Situation, image: string): Outcome | undefined {
    const found = this.#images.presenceOf(imageOf(situation, image), this.#support.settings.registryPoll);
    if (found === undefined) return outcomes.waiting('the registry is asked for the image');
    this.#notePresence(situation, image, found);
    // Told as the pool's problem, and asked again after a while.
    if (typeof found === 'object' && situation.image !== undefined) return outcomes.waiting(found.message);
    if (found === 'missing' && situation.image === 'missing')
      return outcomes.waiting('the registry does not have the image', this.#pollIn());
    situation.image = found;
    return undefined;
  }

  /** All is as it should be: the pool's tags follow, and now and then the registry is asked whether it is still so. */
  #keep(situation: Situation, image: string): Outcome | undefined {
    const { pool, objects, rendered } = situation;
    const { settings } = this.#support;
    const request = imageOf(situation, image);
    const found = this.#images.presenceOf(request, settings.registryPoll);
    this.#notePresence(situation, image, found);
    if (found === 'missing') {
      situation.image = 'missing';
      return undefined;
    }
    const { name } = pool.metadata;
    const failure = rendered === undefined ? undefined : this.#images.publishTags(request, rendered);
    if (failure === undefined) this.#untagged.delete(name);
    else {
      const message = `The tags of pool ${name} do not name its image: ${failure.message}`;
      if (this.#untagged.get(name) !== message) objects.complain('TagsNotPublished', message);
      this.#untagged.set(name, message);
    }
    return outcomes.requeueAfter(this.#pollIn());
  }

  /** No node is sent to an image that is not there; what a registry that is away said last stays. */
  #notePresence(
    { pool }: Situation,
    image: string,
    found: 'present' | 'missing' | BuildFailure | undefined,
  ): void {
    if (found !== 'present' && found !== 'missing') return;
    this.#support.findings.tell(pool.metadata.name, { missingImage: found === 'missing' ? image : '' });
  }

  #baseOf({ pool, push, access, lease }: Omit<Situation, 'base'>, rendered: MachineConfig): BaseAnswer {
    const request = {
      pool: pool.metadata.name,
      osImageURL: rendered.spec.osImageURL ?? '',
      push,
      rendered: rendered.metadata.name,
      registry: lease.registry,
      accessKey: access.key,
    };
    return this.#bases.baseOf(request, this.#support.settings.registryPoll);
  }

  async #supersede(objects: BuildObjects, name: string, pool: MachineConfigPool): Promise<void> {
    const build = objects.find(name);
    if (build === undefined) return;
    const target = pool.spec.configuration?.name ?? '';
    const why = `pool ${pool.metadata.name} wants another image, for MachineConfig ${target}`;
    this.#runner.stop(build, `stopped: ${why}`);
    await objects.interrupt(build, why);
  }

  /** Builds of a pool that is gone, whose MachineOSConfig is not. */
  async #abandonBuilds(pool: string, signal: AbortSignal): Promise<void> {
    const { view, client, events } = this.#support;
    for (const osConfig of view.osConfigs.cache.byIndex('pool', pool)) {
      const builds = view.osBuilds.cache.byIndex('osConfig', osConfig.metadata.name);
      const objects = new BuildObjects({ client, events, osConfig, builds, signal });
      for (const build of builds) {
        if (build.metadata['deletionTimestamp'] !== undefined || isTerminalState(buildStateOf(build)))
          continue;
        await objects.interrupt(build, `MachineConfigPool ${pool} is gone`);
      }
    }
  }

  /** A pool that is not in image mode. */
  #leave(pool: string): void {
    this.#runner.stopOthers(pool);
    this.#bases.forget(pool);
    this.#untagged.delete(pool);
    this.#images.forget(pool);
    this.#leases.get(pool)?.lease.release();
    this.#leases.delete(pool);
  }

  /** When the registry is to be asked again, in milliseconds. */
  #pollIn(): number {
    const { settings, client } = this.#support;
    return settings.registryPoll * (1 + JITTER * client.clock.random());
  }

  #lease(pool: string, { key, access }: PoolAccess): RegistryLease {
    const known = this.#leases.get(pool);
    if (known?.key === key) return known.lease;
    const lease = this.#registries.lease(key, access);
    this.#leases.set(pool, { key, lease });
    known?.lease.release();
    return lease;
  }

  #stall(pool: string, objects: BuildObjects, message: string): Outcome {
    this.#tell(pool, objects, message);
    return outcomes.stalled(message);
  }

  #tell(pool: string, objects: BuildObjects | undefined, problem: string): void {
    const { findings } = this.#support;
    if (findings.of(pool).buildProblem === problem) return;
    findings.tell(pool, { buildProblem: problem });
    if (problem !== '') objects?.complain('ConfigReconcileFailed', problem);
  }
}

/** Whether a pool's nodes have, or may get, the image that it wants. */
function isServed(pool: MachineConfigPool, { osConfig, builds }: BuildObjects, push: Reference): boolean {
  const build = buildInForce(pool, osConfig, builds);
  if (build === undefined || layeredGate(osConfig, build).kind !== 'go') return false;
  return formatRepository(parseReference(build.spec.renderedImagePushSpec)) === formatRepository(push);
}

function imageOf({ pool, access, lease, push }: Situation, image: string): ImageRequest {
  return { pool: pool.metadata.name, image, push, registry: lease.registry, accessKey: access.key };
}
