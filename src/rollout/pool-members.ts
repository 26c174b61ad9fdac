import { isDeepStrictEqual } from 'node:util';
import type { RolloutNode } from './node-state.ts';
import { primaryPool, type NodeSelection } from './primary-pool.ts';

interface Known<Node> {
  readonly node: Node;
  /** Its primary pool. */
  readonly pool: string | undefined;
}

/**
 * Which nodes are in which pool, kept while both change: a node is classified when its labels change, all of them when the
 * selector of a pool does, and not before somebody asks.
 */
export class PoolMembers<Node extends RolloutNode> {
  readonly #pools = new Map<string, NodeSelection>();
  readonly #nodes = new Map<string, Known<Node>>();
  readonly #members = new Map<string, Set<string>>();
  #isStale = false;

  /** @returns whether any node may be in another pool now */
  putPool(name: string, { nodeSelector }: NodeSelection): boolean {
    const known = this.#pools.get(name);
    const next = nodeSelector === undefined ? {} : { nodeSelector };
    if (known !== undefined && isDeepStrictEqual(known, next)) return false;
    this.#pools.set(name, next);
    this.#isStale = true;
    return true;
  }

  /** @returns whether any node may be in another pool now */
  removePool(name: string): boolean {
    const isKnown = this.#pools.delete(name);
    this.#isStale ||= isKnown;
    return isKnown;
  }

  /** @returns the pools that have this node, or had it; all may, after a change to a pool that moves nodes */
  putNode(node: Node): readonly string[] {
    const { name, labels } = node.metadata;
    const known = this.#nodes.get(name);
    const isSame = known !== undefined && isDeepStrictEqual(known.node.metadata.labels, labels);
    // As long as all have to be classified anew, none is by itself.
    const pool = isSame || this.#isStale ? known?.pool : this.#primaryOf(node);
    this.#nodes.set(name, { node, pool });
    if (known?.pool !== pool) {
      this.#leave(known?.pool, name);
      this.#enter(pool, name);
    }
    return [...new Set([known?.pool, pool])].filter((found) => found !== undefined);
  }

  /** @returns the pools that had this node */
  removeNode(name: string): readonly string[] {
    const pool = this.#nodes.get(name)?.pool;
    this.#nodes.delete(name);
    this.#leave(pool, name);
    return pool === undefined ? [] : [pool];
  }

  /** The nodes whose primary pool this is, in no particular order. */
  *nodesOf(pool: string): Generator<Node, void, void> {
    if (this.#isStale) this.#classifyAll();
    for (const name of this.#members.get(pool) ?? []) {
      const known = this.#nodes.get(name);
      if (known !== undefined) yield known.node;
    }
  }

  /** The primary pool of a node; undefined where it has none, or is not known. */
  poolOf(node: string): string | undefined {
    if (this.#isStale) this.#classifyAll();
    return this.#nodes.get(node)?.pool;
  }

  #classifyAll(): void {
    this.#isStale = false;
    this.#members.clear();
    for (const [name, { node }] of this.#nodes) {
      const pool = this.#primaryOf(node);
      this.#nodes.set(name, { node, pool });
      this.#enter(pool, name);
    }
  }

  #primaryOf({ metadata }: Node): string | undefined {
    const membership = primaryPool(metadata.labels, this.#pools);
    return membership.kind === 'member' ? membership.pool : undefined;
  }

  #enter(pool: string | undefined, name: string): void {
    if (pool === undefined) return;
    const members = this.#members.get(pool);
    if (members === undefined) this.#members.set(pool, new Set([name]));
    else members.add(name);
  }

  #leave(pool: string | undefined, name: string): void {
    if (pool !== undefined) this.#members.get(pool)?.delete(name);
  }
}
