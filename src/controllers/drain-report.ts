import { mergeConditions, type Condition, type MachineConfigNode } from '../api/index.ts';
import { isKubeError, referenceTo, type KubeClient } from '../kube/index.ts';
import { patchSeen } from './patch-seen.ts';
import { clusterKey, MACHINE_CONFIG_NODES, NODES, type PoolNode } from './resources.ts';
import type { ControllerSupport } from './support.ts';

type Status = NonNullable<MachineConfigNode['status']>;

/** What a condition of a MachineConfigNode may say, in characters. */
const LONGEST_MESSAGE = 32_768;

/** Another writer of the same status, the agent, may be faster so often. */
const MOST_ATTEMPTS = 5;

/**
 * Says in the MachineConfigNode how a drain is. An agent says the plain things itself, that its node is cordoned and drained:
 * only what it cannot know is written here, so that a drain that goes well costs no request.
 */
export async function reportDrain(
  client: Pick<KubeClient, 'get' | 'patch' | 'clock'>,
  node: string,
  conditions: readonly Condition[],
  signal: AbortSignal,
): Promise<void> {
  const news = conditions.map((condition) => ({
    ...condition,
    message: condition.message.slice(0, LONGEST_MESSAGE),
  }));
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The cached one lacks conditions, and lists are replaced whole.
      const found = await client.get(MACHINE_CONFIG_NODES, clusterKey(node), { signal });
      const before = found.status?.conditions ?? [];
      const merged = mergeConditions(before, news, new Date(client.clock.wall())) as NonNullable<
        Status['conditions']
      >;
      if (merged === before) return;
      const status = { conditions: merged };
      await patchSeen(client, MACHINE_CONFIG_NODES, found, { status }, { subresource: 'status', signal });
      return;
    } catch (error) {
      if (isKubeError(error, 'not-found')) return;
      if (!isKubeError(error, 'conflict') || attempt >= MOST_ATTEMPTS) throw error;
    }
  }
}

/** Writes an event about a Node. */
export function sayOfNode(
  { events }: Pick<ControllerSupport, 'events'>,
  node: PoolNode,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  events.record({ object: referenceTo(NODES, node), type, reason, message });
}
