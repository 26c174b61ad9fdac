import { isDeepStrictEqual } from 'node:util';
import type { MachineConfigPool } from '../api/index.ts';
import {
  isKubeError,
  outcomes,
  referenceTo,
  type Change,
  type Controller,
  type ObjectKey,
  type Outcome,
} from '../kube/index.ts';
import { drainPolicy, permitsPool, planRollout } from '../rollout/index.ts';
import { ImageChanges } from './image-changes.ts';
import { NodeAnswers } from './node-answers.ts';
import { poolController } from './pool-controller.ts';
import { clusterKey, POOLS, type PoolNode } from './resources.ts';
import { Rests } from './rests.ts';
import type { RolloutBoard } from './rollout-board.ts';
import { rolloutInput, type RolloutSources } from './rollout-input.ts';
import { RolloutWriter } from './rollout-writer.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/** Pools that are planned at once. */
const CONCURRENCY = 4;

/** Looks at one pool before others have theirs. */
const MOST_PASSES = 4;

/** When a pool is looked at again of which something had changed, in milliseconds. */
const AFTER_CONFLICT = 50;

/**
 * The rollout controller (contract §3.2, architecture D7): looks at a pool, its nodes and its image at once, and writes what
 * follows. Whatever it writes names the version that it saw, and all that it has to remember is in the API.
 */
export function rolloutController(support: ControllerSupport, board: RolloutBoard): RunningController {
  const rollouts = new RolloutReconciler(support, board);
  return { controller: rollouts.controller };
}

class RolloutReconciler {
  readonly controller: Controller;
  readonly #support: ControllerSupport;
  readonly #board: RolloutBoard;
  readonly #sources: RolloutSources;
  readonly #answers = new NodeAnswers();
  readonly #writer: RolloutWriter;
  /** Pools that were written, until the watch has told of it. */
  readonly #pools = new Map<string, MachineConfigPool>();
  readonly #rests: Rests;
  /** What was said last of a pool, by reason. */
  readonly #said = new Map<string, string>();

  constructor(support: ControllerSupport, board: RolloutBoard) {
    this.#support = support;
    this.#board = board;
    this.#rests = new Rests(support.client.clock);
    const changes = new ImageChanges(support.view);
    this.#sources = { support, board, changes, answers: this.#answers };
    this.#writer = new RolloutWriter(support, this.#answers);
    this.controller = poolController(support, {
      name: 'rollout',
      concurrency: CONCURRENCY,
      reconcile: (pool, { signal }) => this.#reconcile(pool, signal),
    });
    this.#watch();
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    const found = this.#newest(name);
    if (found === undefined || found.metadata['deletionTimestamp'] !== undefined) {
      this.#forget(name);
      return outcomes.done;
    }
    return this.#rests.take(name, (spent) => this.#plan(found, spent, signal));
  }

  async #plan(pool: MachineConfigPool, spent: (time: number) => void, signal: AbortSignal): Promise<Outcome> {
    const { name } = pool.metadata;
    let now = pool;
    for (let passes = 0; passes < MOST_PASSES; passes += 1) {
      const holder = this.#newest(this.#holderOf(name));
      const { clock } = this.#support.client;
      const began = clock.now();
      const input = rolloutInput(this.#sources, now, holder);
      const plan = planRollout(input);
      this.#board.tell(name, plan);
      spent(clock.now() - began);
      this.#tellProblems(now);
      const written = await this.#writer.write(now, plan.intents, input.nodes, signal);
      if (written.pool === undefined) {
        // Somebody else wrote it as well. The watch tells of that, but may have done so before this look.
        if (isKubeError(written.failure, 'conflict')) return outcomes.requeueAfter(AFTER_CONFLICT);
        if (written.failure !== undefined) return outcomes.failed(written.failure);
        if (written.isMore === true) return outcomes.requeueAfter(0);
        if (plan.wakeAt === undefined) return outcomes.done;
        return outcomes.requeueAfter(Math.max(0, plan.wakeAt - this.#support.client.clock.wall()));
      }
      this.#pools.set(written.pool.metadata.name, written.pool);
      now = this.#newest(name) ?? now;
    }
    // Nodes come back all the time; others want to be looked at as well.
    return outcomes.requeueAfter(0);
  }

  #holderOf(name: string): string {
    return permitsPool(name, (pool) => this.#newest(pool) !== undefined);
  }

  /** A pool as the cache has it, or as it was written since. */
  #newest(name: string): MachineConfigPool | undefined {
    const cached = this.#support.view.pools.cache.get(clusterKey(name));
    const written = this.#pools.get(name);
    if (cached === undefined || written === undefined) return cached;
    const versionOf = ({ metadata }: MachineConfigPool): number => Number(metadata['resourceVersion']);
    const isNewer =
      versionOf(written) > versionOf(cached) && written.metadata['uid'] === cached.metadata['uid'];
    if (isNewer) return written;
    this.#pools.delete(name);
    return cached;
  }

  #forget(name: string): void {
    this.#board.forget(name);
    this.#pools.delete(name);
    this.#rests.forget(name);
    this.#said.delete(name);
  }

  /** What of the pool's own words about its drains cannot be used. */
  #tellProblems(pool: MachineConfigPool): void {
    const { name, annotations } = pool.metadata;
    const message = drainPolicy(name, annotations).problems.join(' ');
    if ((this.#said.get(name) ?? '') === message) return;
    this.#said.set(name, message);
    if (message === '') return;
    const object = referenceTo(POOLS, pool);
    this.#support.events.record({ object, type: 'Warning', reason: 'InvalidDrainPolicy', message });
  }

  #watch(): void {
    const { view, findings } = this.#support;
    const { controller } = this;
    const all = (): readonly ObjectKey[] =>
      view.pools.cache
        .values()
        .map(({ metadata }) => clusterKey(metadata.name))
        .toArray();
    controller.watch(view.pools, (change) => {
      if (change.type === 'updated' && isSamePool(change.old, change.object)) return [];
      // A pool that comes, goes or selects others takes nodes from others or gives them.
      const isMoving =
        change.type !== 'updated' ||
        !isDeepStrictEqual(change.old.spec.nodeSelector, change.object.spec.nodeSelector);
      return isMoving
        ? [...all(), clusterKey(change.object.metadata.name)]
        : this.#related(change.object.metadata.name);
    });
    controller.watch(view.nodes, (change) => this.#poolsOf(change).flatMap((pool) => this.#related(pool)));
    controller.watch(view.machineConfigNodes, ({ object }) => {
      const pool = this.#board.members.poolOf(object.metadata.name);
      return pool === undefined ? [] : [clusterKey(pool)];
    });
    controller.watch(view.osConfigs, (change) => {
      const states = change.type === 'updated' ? [change.old, change.object] : [change.object];
      return states.map(({ spec }) => clusterKey(spec.machineConfigPool.name));
    });
    controller.watch(view.osBuilds, ({ object }) => {
      const osConfig = view.osConfigs.cache.get(clusterKey(object.spec.machineOSConfig.name));
      return osConfig === undefined ? [] : [clusterKey(osConfig.spec.machineConfigPool.name)];
    });
    controller.watch(view.controlPlanePods, (change) =>
      change.type === 'updated' && isDeepStrictEqual(change.old.status, change.object.status)
        ? []
        : [clusterKey('master'), clusterKey('arbiter')],
    );
    // Read for what a change costs; it is worked out anew when there is something to change.
    controller.watch(view.machineConfigs, () => []);
    controller.watch(view.machineConfigurations, () => all());
    findings.listen((pool) => controller.enqueue(clusterKey(pool)));
  }

  /** The pool, and the one whose nodes wait for those of the pool. */
  #related(pool: string): readonly ObjectKey[] {
    if (pool === 'master') return [clusterKey(pool), clusterKey('arbiter')];
    return pool === 'arbiter' ? [clusterKey(pool), clusterKey('master')] : [clusterKey(pool)];
  }

  /** The pools that the change to a node concerns: kubelets write their Nodes all the time. */
  #poolsOf(change: Change<PoolNode>): readonly string[] {
    const { name } = change.object.metadata;
    if (change.type === 'deleted') this.#answers.forget(name);
    if (change.type === 'updated' && isSameNode(change.old, change.object)) return [];
    const now = this.#board.members.poolOf(name);
    const before = this.#board.poolBefore(name);
    return [...new Set([before, now])].filter((pool) => pool !== undefined);
  }
}

/** Its status changes with each node, and is nobody's cause. */
function isSamePool(old: MachineConfigPool, now: MachineConfigPool): boolean {
  return isDeepStrictEqual(
    [old.metadata['generation'], old.metadata.annotations, old.spec],
    [now.metadata['generation'], now.metadata.annotations, now.spec],
  );
}

function isSameNode(old: PoolNode, now: PoolNode): boolean {
  return isDeepStrictEqual(
    [old.metadata.uid, old.metadata.labels, old.metadata.annotations, old.spec, old.status],
    [now.metadata.uid, now.metadata.labels, now.metadata.annotations, now.spec, now.status],
  );
}
