import { DESIRED_DRAIN_ANNOTATION, PERMIT_ANNOTATION } from '../api/index.ts';
import { isKubeError, outcomes, type Outcome } from '../kube/index.ts';
import {
  cordonOf,
  decideDrain,
  describeDuration,
  drainPolicy,
  drainProgress,
  drainStart,
  isDrainLate,
  neverEvictable,
  type DrainPatch,
  type DrainPolicy,
  type DrainProgress,
  type DrainStep,
  type NodePlan,
} from '../rollout/index.ts';
import { trimNode } from './cluster-view.ts';
import { DaemonSets } from './daemon-sets.ts';
import { evictPods, podsToEvict } from './drain-pass.ts';
import { reportDrain, sayOfNode } from './drain-report.ts';
import { patchSeen } from './patch-seen.ts';
import { clusterKey, NODES, type Pod, type PoolNode } from './resources.ts';
import type { RolloutBoard } from './rollout-board.ts';
import type { ControllerSupport } from './support.ts';

/** A node comes to rest in fewer steps; more would be a decision that goes round in circles. */
const MOST_STEPS = 6;

/** How often it is looked whether a drain that cannot succeed has become possible, in milliseconds. */
const RECHECK = 5000;

/** A drain that is over sooner than this many milliseconds is not told of. */
const UNTOLD = 2000;

/** When a drain that is not done is told of loudly, in milliseconds (contract §3.9). */
const THRESHOLD = 600_000;

/** What a process knows of a drain beyond what is on the Node; all of it may be lost. */
interface Memory {
  /** Who was evicted, uid by name: one that comes back is told from one that has not gone yet. */
  readonly evicted: Map<string, string>;
  /** What was said last, in the MachineConfigNode. */
  said: string;
  /** Reasons of events that have been written. */
  readonly events: Set<string>;
  /** Since when the drain may not begin, by the clock of this process. */
  heldSince?: number;
}

interface Pass {
  readonly node: PoolNode;
  readonly policy: DrainPolicy;
  readonly signal: AbortSignal;
}

/** Brings single nodes to where their agents ask them to be: drained, or in service. */
export class NodeDrainer {
  readonly #support: ControllerSupport;
  readonly #board: RolloutBoard;
  readonly #daemonSets: DaemonSets;
  readonly #memories = new Map<string, Memory>();

  constructor(support: ControllerSupport, board: RolloutBoard) {
    this.#support = support;
    this.#board = board;
    this.#daemonSets = new DaemonSets(support.client);
  }

  /** Nodes whose drain is not over. */
  get waiting(): readonly string[] {
    return [...this.#memories.keys()];
  }

  forget(node: string): void {
    this.#memories.delete(node);
  }

  /** Does what is to be done with a node, and says of it what went wrong. */
  async take(node: PoolNode, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#reconcile(node, signal);
    } catch (error) {
      // The others pass by themselves, or concern all there is.
      if (isKubeError(error, 'forbidden', 'invalid', 'server-error', 'bad-request', 'not-served')) {
        const message = `Node ${node.metadata.name} cannot be drained: ${error.message}. It is tried again.`;
        await this.#tell(node, 'DrainBlocked', message, signal).catch(() => undefined);
      }
      throw error;
    }
  }

  async #reconcile(found: PoolNode, signal: AbortSignal): Promise<Outcome> {
    const { name } = found.metadata;
    const pool = this.#board.members.poolOf(name);
    const known = pool === undefined ? undefined : this.#support.view.pools.cache.get(clusterKey(pool));
    const policy = drainPolicy(pool ?? '', known?.metadata.annotations);
    let node = found;
    let pods: readonly Pod[] | undefined;
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const pass = { node, policy, signal };
      const step = await this.#decide(pass, pool);
      switch (step.kind) {
        case 'nothing':
          this.forget(name);
          return outcomes.done;
        case 'invalid':
          this.#event(node, 'Warning', 'InvalidDrainRequest', step.message);
          return outcomes.stalled(step.message);
        case 'hold':
          return this.#hold(pass, step, pool);
        case 'cordon':
          node = await this.#patch(node, step.patch, signal);
          continue;
        case 'evict': {
          if (pods !== undefined) return this.#evict(pass, step, pods);
          pods = await podsToEvict({ ...this.#support, daemonSets: this.#daemonSets, node: name, signal });
          if (pods.every(({ metadata }) => metadata.deletionTimestamp !== undefined))
            return this.#evict(pass, step, pods);
          if (step.awaitsAgent) return outcomes.waiting(`The agent of node ${name} has not said a word yet`);
          // What a cache says may be old, and a pod that was evicted for it does not come back.
          node = trimNode(await this.#support.client.get(NODES, clusterKey(name), { signal }));
          continue;
        }
        case 'skip':
        case 'uncordon':
        case 'release':
          await this.#finish(node, step, signal);
          return outcomes.done;
      }
    }
    return outcomes.failed(new Error(`cannot come to rest with node ${name}: more than ${MOST_STEPS} steps`));
  }

  async #decide(pass: Pass, pool: string | undefined): Promise<DrainStep> {
    const { node } = pass;
    const { view, client } = this.#support;
    const plan = this.#planOf(node, pool);
    const surroundings = {
      plan,
      isOnlyNode: view.nodes.cache.size <= 1,
      impossible: [],
      now: client.clock.wall(),
    };
    const step = decideDrain(node, surroundings);
    // Only a drain that is about to begin can be spared; one that a person has ordered to be forced is not.
    const begins = step.kind === 'cordon' || (step.kind === 'evict' && step.start !== undefined);
    if (!begins || pass.policy.whenLate === 'Force') return step;
    const impossible = await this.#impossible(pass);
    return impossible.length === 0 ? step : decideDrain(node, { ...surroundings, impossible });
  }

  #planOf({ metadata }: PoolNode, pool: string | undefined): Pick<NodePlan, 'drain' | 'message'> | undefined {
    if (pool !== undefined) {
      const message = 'The rollout has not looked at this node yet.';
      return this.#board.planOf(metadata.name) ?? { drain: 'held', message };
    }
    // What no rollout ever told anything, a person has, who wants it drained when its agent asks.
    const isOurs = metadata.annotations?.[PERMIT_ANNOTATION] !== undefined;
    return isOurs ? undefined : { drain: 'permitted', message: 'No pool has this node.' };
  }

  /** Why pods of the node can never be evicted, if there are any. */
  async #impossible({ node, signal }: Pass): Promise<readonly string[]> {
    const { view } = this.#support;
    if (view.disruptionBudgets.cache.size === 0) return [];
    const { name } = node.metadata;
    const pods = await podsToEvict({ ...this.#support, daemonSets: this.#daemonSets, node: name, signal });
    return pods
      .flatMap((pod) => {
        const budgets = view.disruptionBudgets.cache.inNamespace(pod.metadata.namespace ?? '');
        return neverEvictable(pod, budgets) ?? [];
      })
      .toSorted();
  }

  async #hold(
    { node, policy, signal }: Pass,
    step: Extract<DrainStep, { readonly kind: 'hold' }>,
    pool: string | undefined,
  ): Promise<Outcome> {
    const { name } = node.metadata;
    const { client } = this.#support;
    if (step.reason === 'NotInPool') {
      this.forget(name);
      return outcomes.waiting(step.message);
    }
    // The rollout tells when it has looked.
    if (pool !== undefined && this.#board.planOf(name) === undefined) return outcomes.waiting(step.message);
    if (step.reason === 'DrainHeld' && !this.#isHeldLong(name)) return outcomes.waiting(step.message, UNTOLD);
    if (step.patch !== undefined) await this.#patch(node, step.patch, signal);
    const since = drainStart(node) ?? client.clock.wall();
    const isLate =
      step.reason === 'DrainImpossible' && isDrainLate(policy.timeout, since, client.clock.wall());
    const reason = isLate ? 'DrainTimedOut' : step.reason;
    await this.#tell(node, reason, step.message, signal);
    if (step.reason !== 'DrainImpossible') return outcomes.waiting(step.message);
    this.#memoryOf(name);
    this.#event(node, 'Warning', 'DrainImpossible', step.message);
    this.#announce(node, policy, since, step.message);
    return outcomes.waiting(step.message, RECHECK);
  }

  /** The rollout may only not have seen yet that the agent asks. */
  #isHeldLong(node: string): boolean {
    const { clock } = this.#support.client;
    const memory = this.#memoryOf(node);
    memory.heldSince ??= clock.now();
    return clock.now() - memory.heldSince >= UNTOLD;
  }

  async #evict(
    pass: Pass,
    step: Extract<DrainStep, { readonly kind: 'evict' }>,
    pods: readonly Pod[],
  ): Promise<Outcome> {
    const { node, policy, signal } = pass;
    const { client, view } = this.#support;
    const { name } = node.metadata;
    const memory = this.#memoryOf(name);
    const forces =
      policy.whenLate === 'Force' && isDrainLate(policy.timeout, step.since, client.clock.wall());
    const { left, retryAfter } = await evictPods(
      {
        client,
        daemonSets: this.#daemonSets,
        budgets: view.disruptionBudgets.cache.values().toArray(),
        node: name,
        forces,
        evicted: memory.evicted,
        signal,
      },
      pods,
    );
    // What was gone when its turn came may be there again, as another one.
    if (left.length === 0 && pods.length > 0) return outcomes.requeueAfter(0);
    const progress = drainProgress(name, left, policy, step.since, client.clock.wall());
    if (progress.kind === 'drained') {
      await this.#patch(node, step.drained, signal);
      this.forget(name);
      return outcomes.done;
    }
    if (step.start !== undefined) await this.#patch(node, step.start, signal);
    await this.#surface(pass, step.since, progress);
    return outcomes.requeueAfter(Math.max(progress.next, retryAfter));
  }

  async #surface(
    { node, policy, signal }: Pass,
    since: number,
    { reason, message }: Extract<DrainProgress, { readonly kind: 'draining' }>,
  ): Promise<void> {
    const { clock } = this.#support.client;
    if (reason === 'Draining' && clock.wall() - since < UNTOLD) return;
    await this.#tell(node, reason, message, signal);
    if (reason !== 'Draining') this.#event(node, 'Warning', 'DrainBlocked', message);
    this.#announce(node, policy, since, message);
  }

  /** The contract's two loud words about a drain that takes long. */
  #announce(node: PoolNode, policy: DrainPolicy, since: number, message: string): void {
    const taken = this.#support.client.clock.wall() - since;
    const after = Math.min(THRESHOLD, policy.timeout);
    const say = (reason: string, milliseconds: number): void => {
      if (taken < milliseconds) return;
      this.#event(
        node,
        'Warning',
        reason,
        `Node ${node.metadata.name} is not drained after ${describeDuration(milliseconds)}. ${message}`,
      );
    };
    say('DrainThresholdExceeded', after);
    say('DrainFailed', policy.timeout);
  }

  async #finish(
    node: PoolNode,
    step: Extract<DrainStep, { readonly kind: 'skip' | 'uncordon' | 'release' }>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#patch(node, step.patch, signal);
    const { name } = node.metadata;
    this.forget(name);
    if (step.kind === 'uncordon' && step.staysCordoned) {
      const message = `Node ${name} has been updated and stays cordoned, as it was before: kubectl uncordon ${name}`;
      sayOfNode(this.#support, node, 'Normal', 'CordonKept', message);
    }
    if (step.kind !== 'release') return;
    const wasCordoned = cordonOf(node) === 'own' ? ' It is schedulable again.' : '';
    const asked = node.metadata.annotations?.[DESIRED_DRAIN_ANNOTATION] ?? 'nothing';
    const message = `The drain of node ${name} is over, since nobody wants it any more (${asked}).${wasCordoned}`;
    sayOfNode(this.#support, node, 'Normal', 'DrainReleased', message);
  }

  /** Once for each reason and drain. */
  #event(node: PoolNode, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { events } = this.#memoryOf(node.metadata.name);
    if (events.has(reason)) return;
    events.add(reason);
    sayOfNode(this.#support, node, type, reason, message);
  }

  async #tell(node: PoolNode, reason: string, message: string, signal: AbortSignal): Promise<void> {
    const { name } = node.metadata;
    const memory = this.#memoryOf(name);
    if (memory.said === message) return;
    await reportDrain(
      this.#support.client,
      name,
      [{ type: 'Drained', status: 'Unknown', reason, message }],
      signal,
    );
    memory.said = message;
  }

  async #patch(
    node: PoolNode,
    { annotations, unschedulable, taints }: DrainPatch,
    signal: AbortSignal,
  ): Promise<PoolNode> {
    const spec = {
      ...(unschedulable === undefined ? {} : { unschedulable: unschedulable || null }),
      ...(taints === undefined ? {} : { taints: taints.length === 0 ? null : taints }),
    };
    const patched = await patchSeen(
      this.#support.client,
      NODES,
      node,
      {
        metadata: { annotations },
        ...(Object.keys(spec).length === 0 ? {} : { spec }),
      },
      { signal },
    );
    return trimNode(patched);
  }

  #memoryOf(node: string): Memory {
    const known = this.#memories.get(node);
    if (known !== undefined) return known;
    const memory: Memory = { evicted: new Map(), said: '', events: new Set() };
    this.#memories.set(node, memory);
    return memory;
  }
}
