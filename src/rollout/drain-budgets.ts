import { matchesSelector, type LabelSelector } from '../api/index.ts';
import { isFinished, isPodReady, podName, type DrainPod } from './drain-pods.ts';

/** A PodDisruptionBudget, as far as a drain looks at it. */
export interface DrainBudget {
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly generation?: number };
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly unhealthyPodEvictionPolicy?: string;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly disruptionsAllowed?: number;
    readonly currentHealthy?: number;
    readonly desiredHealthy?: number;
    readonly expectedPods?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** The budgets that protect a pod; the API refuses to evict it where there are several. */
export function budgetsOf<Budget extends DrainBudget>(
  pod: DrainPod,
  budgets: Iterable<Budget>,
): readonly Budget[] {
  const { namespace, labels } = pod.metadata;
  return [...budgets].filter(
    ({ metadata, spec }) => metadata.namespace === namespace && matchesSelector(spec?.selector, labels),
  );
}

/**
 * Which budget does not let a pod go, and why, in a clause.
 *
 * @param said what the API server said of it when it refused; a cache may be behind that
 */
export function explainBudget({ metadata, status }: DrainBudget, said = ''): string {
  const name = `PodDisruptionBudget ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const failure = status?.conditions?.find(({ reason }) => reason === 'SyncFailed')?.message ?? '';
  if (failure !== '') return `${name}, which cannot be reckoned with: ${failure}`;
  const [, needed, healthy] = /needs (\d+) healthy pods and has (\d+)/u.exec(said) ?? [];
  const { desiredHealthy = needed, currentHealthy = healthy } = status ?? {};
  if (desiredHealthy === undefined) return `${name}, of which nothing is known yet`;
  return `${name}, which allows 0 disruptions now: it needs ${needed ?? desiredHealthy} healthy pods and has ${healthy ?? currentHealthy ?? 0}`;
}

/**
 * Why a pod can never be evicted, as things are: no waiting helps, a person has to change the budget or the number of pods. A
 * sentence that names pod and budget; undefined where an eviction may succeed sooner or later.
 */
export function neverEvictable(pod: DrainPod, budgets: Iterable<DrainBudget>): string | undefined {
  // Others are evicted whatever their budget says, or may be.
  if (pod.metadata.deletionTimestamp !== undefined || isFinished(pod) || !isPodReady(pod)) return undefined;
  const found = budgetsOf(pod, budgets);
  const [budget] = found;
  if (budget === undefined) return undefined;
  if (found.length > 1) {
    const names = found.map(({ metadata }) => metadata.name ?? '').toSorted();
    return `Pod ${podName(pod)} is selected by ${found.length} PodDisruptionBudgets, ${names.join(' and ')}, and the API evicts no such pod: let one of them select it.`;
  }
  const why = neverAllows(budget);
  return why === undefined ? undefined : `Pod ${podName(pod)} can never be evicted: ${why}.`;
}

/** Whether a budget lets none of its pods go, whatever happens to them; why, and what to do, in a clause. */
function neverAllows({ metadata, spec = {}, status = {} }: DrainBudget): string | undefined {
  const name = `PodDisruptionBudget ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const { maxUnavailable, minAvailable } = spec;
  if (maxUnavailable !== undefined && isZero(maxUnavailable)) {
    return `${name} has maxUnavailable ${maxUnavailable}; allow 1 at least`;
  }
  if (minAvailable === '100%') return `${name} has minAvailable 100%; allow 1 pod at least to be away`;
  const { observedGeneration = 0, expectedPods = 0, desiredHealthy = 0 } = status;
  if (observedGeneration < (metadata.generation ?? 0) || expectedPods === 0) return undefined;
  if (desiredHealthy < expectedPods) return undefined;
  return `${name} needs ${desiredHealthy} healthy pods of the ${expectedPods} that are wanted; lower minAvailable, or run more of them`;
}

function isZero(value: number | string): boolean {
  return value === 0 || value === '0%' || value === '0';
}
