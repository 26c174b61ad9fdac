import { objectAt, objectsAt, textAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf } from '../kinds/index.ts';
import { metadataOf } from '../rest/index.ts';

/** What was found out about a PodDisruptionBudget. */
export interface DisruptionCounts {
  readonly allowed: number;
  readonly healthy: number;
  readonly desired: number;
  readonly expected: number;
  /** When the pods were evicted that are not gone yet. */
  readonly disrupted: Readonly<Record<string, string>>;
}

/** The status of a budget. @param now as objects have it */
export function disruptionStatus(budget: JsonObject, counts: DisruptionCounts, now: string): JsonObject {
  const isAllowed = counts.allowed > 0;
  return {
    ...(Object.keys(counts.disrupted).length === 0 ? {} : { disruptedPods: { ...counts.disrupted } }),
    observedGeneration: generationOf(budget),
    disruptionsAllowed: counts.allowed,
    currentHealthy: counts.healthy,
    desiredHealthy: counts.desired,
    expectedPods: counts.expected,
    conditions: withCondition(budget, now, {
      status: isAllowed ? 'True' : 'False',
      reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    }),
  };
}

/** The status of a budget of which nothing can be said: it allows no disruption. @param now as objects have it */
export function failedStatus(budget: JsonObject, problem: string, now: string): JsonObject {
  return {
    ...objectAt(budget, 'status'),
    observedGeneration: generationOf(budget),
    disruptionsAllowed: 0,
    conditions: withCondition(budget, now, { status: 'False', reason: 'SyncFailed', message: problem }),
  };
}

function generationOf(budget: JsonObject): number {
  const { generation } = metadataOf(budget);
  return typeof generation === 'number' ? generation : 1;
}

interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

function withCondition(budget: JsonObject, now: string, { status, reason, message }: Verdict): JsonObject[] {
  const type = 'DisruptionAllowed';
  const before = conditionOf(budget, type);
  const since = textAt(before, 'status') === status ? textAt(before, 'lastTransitionTime') : '';
  return [
    {
      type,
      status,
      observedGeneration: generationOf(budget),
      lastTransitionTime: since === '' ? now : since,
      reason,
      message,
    },
    ...objectsAt(budget, 'status', 'conditions').filter((condition) => condition['type'] !== type),
  ];
}
