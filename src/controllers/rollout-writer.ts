import type { MachineConfigPool } from '../api/index.ts';
import { PERMITS_ANNOTATION } from '../api/index.ts';
import { isKubeError, referenceTo } from '../kube/index.ts';
import {
  nodePatch,
  writePermits,
  type NodeIntent,
  type RolloutIntent,
  type RolloutSnapshot,
} from '../rollout/index.ts';
import type { NodeAnswers } from './node-answers.ts';
import { patchSeen } from './patch-seen.ts';
import { clusterKey, NODES, POOLS } from './resources.ts';
import type { ControllerSupport } from './support.ts';

/** Nodes that are written at once. */
const AT_ONCE = 16;

/** Nodes that are written after one look, of those that nobody waits for. */
const UPKEEP = 32;

/** What somebody waits for: a turn. */
const URGENT: ReadonlySet<NodeIntent['kind']> = new Set(['assign', 'unassign', 'label'] as const);

type NodeIntents = readonly [node: string, intents: readonly NodeIntent[]];

/** What became of a plan's intents. */
export interface Written {
  /** The pool that was written, which is planned anew before anything else. */
  readonly pool?: MachineConfigPool;
  /** There is more to write than was, of what can wait. */
  readonly isMore?: boolean;
  /** Why not all was written; most of all that something was seen as it is not any more. */
  readonly failure?: unknown;
}

/** Writes what a rollout intends, each object in one patch, and none that has changed since it was seen. */
export class RolloutWriter {
  readonly #support: ControllerSupport;
  readonly #answers: NodeAnswers;

  constructor(support: ControllerSupport, answers: NodeAnswers) {
    this.#support = support;
    this.#answers = answers;
  }

  /** @param seen the nodes that the intents follow from */
  async write(
    pool: MachineConfigPool,
    intents: readonly RolloutIntent[],
    seen: RolloutSnapshot['nodes'],
    signal: AbortSignal,
  ): Promise<Written> {
    const nodeIntents = intents.filter((intent): intent is NodeIntent => intent.kind !== 'permit');
    const permit = intents.find((intent) => intent.kind === 'permit');
    const versions = new Map(seen.map(({ node: { metadata } }) => [metadata.name, metadata.resourceVersion]));
    const byNode = [...Map.groupBy(nodeIntents, ({ node }) => node)];
    const isUrgent = ([, found]: NodeIntents): boolean => found.some(({ kind }) => URGENT.has(kind));
    const [failure, written] = await Promise.all([
      this.#writeNodes(pool, byNode.filter(isUrgent), versions, signal),
      permit === undefined ? undefined : this.#writePermits(pool, permit, signal),
    ]);
    if (written !== undefined) return { pool: written, failure };
    // Taints of thousands of nodes must not keep the next node from its turn.
    const upkeep = byNode.filter((found) => !isUrgent(found));
    const late = await this.#writeNodes(pool, upkeep.slice(0, UPKEEP), versions, signal);
    return { failure: failure ?? late, isMore: upkeep.length > UPKEEP };
  }

  async #writePermits(
    pool: MachineConfigPool,
    permit: Extract<RolloutIntent, { readonly kind: 'permit' }>,
    signal: AbortSignal,
  ): Promise<MachineConfigPool> {
    const { client, log } = this.#support;
    const annotations = { [PERMITS_ANNOTATION]: writePermits(permit.permits) ?? null };
    const patch = { metadata: { resourceVersion: permit.resourceVersion, annotations } };
    const written = await client.patch(POOLS, clusterKey(permit.pool), { type: 'merge', patch }, { signal });
    if (permit.granted.length > 0)
      log.info('nodes get their turn', { pool: pool.metadata.name, nodes: permit.granted.join(', ') });
    return written;
  }

  async #writeNodes(
    pool: MachineConfigPool,
    byNode: readonly NodeIntents[],
    versions: ReadonlyMap<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const rest = byNode.values();
    let failure: unknown;
    const work = async (): Promise<void> => {
      for (const next of rest) {
        try {
          await this.#writeNode(pool, ...next, versions, signal);
        } catch (error) {
          // One node that cannot be written keeps none of the others waiting.
          failure ??= error;
          if (isKubeError(error, 'aborted')) return;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, byNode.length) }, work));
    return failure;
  }

  async #writeNode(
    pool: MachineConfigPool,
    name: string,
    intents: readonly NodeIntent[],
    versions: ReadonlyMap<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, view, events, log } = this.#support;
    const cached = view.nodes.cache.get(clusterKey(name));
    if (cached === undefined) return;
    const node = this.#answers.newest(cached);
    // What was decided from another version is not written over this one: the watch that told of it has asked for a new plan.
    if (node.metadata.resourceVersion !== versions.get(name)) return;
    // As for any drain (pause-heard.ts): none begins on the word of a plan that is older than the pause.
    const isPaused = view.pools.cache.get(clusterKey(pool.metadata.name))?.spec.paused === true;
    if (isPaused && intents.some((intent) => intent.kind === 'assign' && intent.drain)) return;
    const patch = nodePatch(node, intents, pool.metadata.name, client.clock.wall());
    if (
      patch.metadata.annotations === undefined &&
      patch.metadata.labels === undefined &&
      patch.spec === undefined
    )
      return;
    this.#answers.note(await patchSeen(client, NODES, node, patch, { signal }));
    for (const intent of intents) {
      log.info(`rollout: ${intent.kind}`, { pool: pool.metadata.name, node: name, reason: intent.reason });
      if (intent.kind !== 'assign') continue;
      const { machineConfig, image } = intent.target;
      events.record({
        object: referenceTo(POOLS, pool),
        type: 'Normal',
        reason: image === undefined ? 'SetDesiredConfig' : 'SetDesiredConfigAndOSImage',
        message: `Targeted node ${name} to MachineConfig ${machineConfig}${image === undefined ? '' : ` / Image ${image}`}: ${intent.reason}`,
      });
    }
  }
}
