import { trimNode } from './cluster-view.ts';
import type { PoolNode } from './resources.ts';

/** Nodes that this process has written, until the watch has told of it: a decision must not be made on what was before. */
export class NodeAnswers {
  readonly #nodes = new Map<string, PoolNode>();

  /** Takes note of what the server answered to a write. */
  note(answer: PoolNode): PoolNode {
    const node = trimNode(answer);
    this.#nodes.set(node.metadata.name, node);
    return node;
  }

  /** The newer one of what a cache has and of what the server answered last. */
  newest(cached: PoolNode): PoolNode {
    const { name, uid } = cached.metadata;
    const answered = this.#nodes.get(name);
    if (answered === undefined) return cached;
    // Versions of one object are numbers that grow.
    const isNewer = Number(answered.metadata.resourceVersion) > Number(cached.metadata.resourceVersion);
    if (isNewer && answered.metadata.uid === uid) return answered;
    this.#nodes.delete(name);
    return cached;
  }

  forget(node: string): void {
    this.#nodes.delete(node);
  }
}
