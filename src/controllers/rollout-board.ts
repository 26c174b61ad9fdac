import type { Change } from '../kube/index.ts';
import { heldByPause, PoolMembers, type NodePlan, type PoolPlan } from '../rollout/index.ts';
import type { ClusterView } from './cluster-view.ts';
import type { PoolNode } from './resources.ts';

/** What the rollout of a pool comes to at the moment. */
export interface PoolRollout {
  readonly pool: PoolPlan;
  readonly nodes: ReadonlyMap<string, NodePlan>;
}

/**
 * Which node is in which pool, and what the rollout says of both: the rollout controller tells, those who drain nodes and
 * write conditions look it up. Nothing of it is kept beyond this process; all of it follows from objects of the API.
 */
export class RolloutBoard {
  readonly #members = new PoolMembers<PoolNode>();
  readonly #rollouts = new Map<string, PoolRollout>();
  readonly #paused = new Set<string>();
  #before: { readonly node: string; readonly pool: string | undefined } | undefined;
  readonly #listeners = new Set<(pool: string, nodes: readonly string[]) => void>();

  get members(): Pick<PoolMembers<PoolNode>, 'nodesOf' | 'poolOf'> {
    return this.#members;
  }

  /**
   * Follows which nodes there are in which pools; to be called once, before anybody else follows them.
   *
   * @returns a function that ends it
   */
  follow(view: Pick<ClusterView, 'nodes' | 'pools'>): () => void {
    const ends = [
      view.pools.subscribe(({ type, object }) => {
        const { name } = object.metadata;
        if (type === 'deleted') this.#members.removePool(name);
        else this.#members.putPool(name, object.spec);
        if (type !== 'deleted' && object.spec.paused === true) this.#paused.add(name);
        else this.#paused.delete(name);
      }),
      view.nodes.subscribe((change) => this.#note(change)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  /** The pool that a node was in before the change that is being told of at the moment. */
  poolBefore(node: string): string | undefined {
    return this.#before?.node === node ? this.#before.pool : undefined;
  }

  of(pool: string): PoolRollout | undefined {
    return this.#rollouts.get(pool);
  }

  /** What the rollout of its pool says of a node; undefined before it has been looked at. */
  planOf(node: string): NodePlan | undefined {
    const pool = this.#members.poolOf(node);
    const plan = pool === undefined ? undefined : this.#rollouts.get(pool)?.nodes.get(node);
    if (plan === undefined || pool === undefined || !this.#paused.has(pool)) return plan;
    return heldByPause(plan, pool);
  }

  /** Takes note of a pass; those who listen hear of the nodes for which it is news. */
  tell(pool: string, plan: { readonly pool: PoolPlan; readonly nodes: readonly NodePlan[] }): void {
    const known = this.#rollouts.get(pool);
    const nodes = new Map(plan.nodes.map((node) => [node.name, node]));
    const changed = plan.nodes
      .filter((node) => !isSamePlan(known?.nodes.get(node.name), node))
      .map(({ name }) => name);
    const isSame =
      known !== undefined &&
      changed.length === 0 &&
      known.nodes.size === nodes.size &&
      isSamePool(known.pool, plan.pool);
    this.#rollouts.set(pool, { pool: plan.pool, nodes });
    if (isSame) return;
    for (const listener of this.#listeners) listener(pool, changed);
  }

  /** A pool that is gone. */
  forget(pool: string): void {
    const known = this.#rollouts.get(pool);
    if (!this.#rollouts.delete(pool)) return;
    for (const listener of this.#listeners) listener(pool, [...(known?.nodes.keys() ?? [])]);
  }

  /** @param listener told of a pool and of the nodes of which it is news */
  listen(listener: (pool: string, nodes: readonly string[]) => void): void {
    this.#listeners.add(listener);
  }

  #note(change: Change<PoolNode>): void {
    const { name } = change.object.metadata;
    this.#before = { node: name, pool: this.#members.poolOf(name) };
    if (change.type === 'deleted') this.#members.removeNode(name);
    else this.#members.putNode(change.object);
  }
}

function isSamePlan(one: NodePlan | undefined, other: NodePlan): boolean {
  return (
    one?.progress === other.progress &&
    one.reason === other.reason &&
    one.message === other.message &&
    one.drain === other.drain &&
    one.failure === other.failure
  );
}

function isSamePool(one: PoolPlan, other: PoolPlan): boolean {
  return one.progress === other.progress && one.reason === other.reason && one.message === other.message;
}
