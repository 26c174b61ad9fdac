import { isKubeError, keyOf, type KubeClient } from '../kube/index.ts';
import {
  budgetsOf,
  daemonSetOf,
  explainBudget,
  mayStay,
  podName,
  type DrainPod,
  type PodEnd,
} from '../rollout/index.ts';
import type { DaemonSets } from './daemon-sets.ts';
import { messageOf } from './error-message.ts';
import { PODS, type DisruptionBudget, type Pod } from './resources.ts';

/** Evictions that are asked for at once, of one node. */
const AT_ONCE = 8;

/** What a pass over the pods of one node works with. */
export interface DrainPass {
  readonly client: Pick<KubeClient, 'list' | 'evict' | 'delete'>;
  readonly daemonSets: DaemonSets;
  readonly budgets: readonly DisruptionBudget[];
  readonly node: string;
  /** Pods are deleted, whatever their budgets say. */
  readonly forces: boolean;
  /** Who was evicted from this node before, uid by name; what this pass evicts is added. */
  readonly evicted: Map<string, string>;
  readonly signal: AbortSignal;
}

/** What is left of a node's pods, and when the server wants to be asked again, in milliseconds. */
export interface PassResult {
  readonly left: readonly PodEnd[];
  readonly retryAfter: number;
}

/** The pods of a node that have to go for it to be drained. */
export async function podsToEvict({
  client,
  daemonSets,
  node,
  signal,
}: Pick<DrainPass, 'client' | 'daemonSets' | 'node' | 'signal'>): Promise<readonly Pod[]> {
  const { items } = await client.list(PODS, { fieldSelector: `spec.nodeName=${node}`, signal });
  await daemonSets.look(
    items.flatMap((pod) => {
      const owner = daemonSetOf(pod);
      return owner === undefined ? [] : [{ ...owner, namespace: pod.metadata.namespace ?? '' }];
    }),
    signal,
  );
  return items.filter((pod) => !mayStay(pod, (uid) => daemonSets.isThere(uid)));
}

/** Asks for the end of all these pods, and says what became of each. */
export async function evictPods(pass: DrainPass, pods: readonly Pod[]): Promise<PassResult> {
  const rest = [...pods];
  const left: PodEnd[] = [];
  let retryAfter = 0;
  const work = async (): Promise<void> => {
    for (let pod = rest.pop(); pod !== undefined; pod = rest.pop()) {
      const { end, wait } = await endPod(pass, pod);
      retryAfter = Math.max(retryAfter, wait);
      if (end !== undefined) left.push(end);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { left, retryAfter };
}

/** @returns nothing of a pod that is gone */
async function endPod(
  pass: DrainPass,
  pod: Pod,
): Promise<{ readonly end: PodEnd | undefined; readonly wait: number }> {
  const name = podName(pod);
  const { uid = '', deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return { end: ending(pod, deletionTimestamp), wait: 0 };
  const before = pass.evicted.get(name);
  try {
    await askToEnd(pass, pod);
  } catch (error) {
    return failedEnd(pass, pod, error);
  }
  pass.evicted.set(name, uid);
  const returned = before !== undefined && before !== uid;
  return {
    end: returned ? { kind: 'returned', pod: name } : { kind: 'ending', pod: name, graceEnds: undefined },
    wait: 0,
  };
}

/** Of this very pod and of none that has taken its name, with the grace period that it asks for itself. */
async function askToEnd({ client, forces, signal }: DrainPass, pod: Pod): Promise<void> {
  const { uid } = pod.metadata;
  const options = { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) };
  if (forces) await client.delete(PODS, keyOf(pod), options);
  else await client.evict(PODS, keyOf(pod), options);
}

function failedEnd(
  { budgets, signal }: DrainPass,
  pod: DrainPod,
  error: unknown,
): { readonly end: PodEnd | undefined; readonly wait: number } {
  signal.throwIfAborted();
  const name = podName(pod);
  // Gone, or another one by now: the next pass sees which.
  if (isKubeError(error, 'not-found')) return { end: undefined, wait: 0 };
  if (isKubeError(error, 'conflict'))
    return { end: { kind: 'ending', pod: name, graceEnds: undefined }, wait: 0 };
  const wait = isKubeError(error) ? (error.retryAfter ?? 0) : 0;
  if (isKubeError(error, 'disruption-budget')) {
    const said = error.causes.map(({ message }) => message).join(' ') || messageOf(error);
    const held = budgetsOf(pod, budgets)
      .map((budget) => explainBudget(budget, said))
      .join(' and ');
    return { end: { kind: 'held', pod: name, held: held || `a PodDisruptionBudget: ${said}` }, wait };
  }
  const several = budgetsOf(pod, budgets);
  const why =
    several.length > 1
      ? `${several.length} PodDisruptionBudgets select it, ${several.map(({ metadata }) => metadata.name ?? '').join(' and ')}; let one of them do`
      : messageOf(error);
  return { end: { kind: 'refused', pod: name, why }, wait };
}

/** A deletionTimestamp is when the grace period ends. */
function ending(pod: Pod, deletionTimestamp: string): PodEnd {
  const graceEnds = Date.parse(deletionTimestamp);
  return { kind: 'ending', pod: podName(pod), graceEnds: Number.isNaN(graceEnds) ? undefined : graceEnds };
}
