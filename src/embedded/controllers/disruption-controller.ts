import { matchesSelector } from '../../api/index.ts';
import { objectAt, textAt, valueAt, formatTime, type Json, type JsonObject } from '../../schema/index.ts';
import { conditionOf, hasCondition, type Kind } from '../kinds/index.ts';
import { isBeingDeleted, labelsOf, metadataOf, nameOf } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';

const PODS = 'pods';
const BUDGETS = 'policy/poddisruptionbudgets';

/** An evicted pod that is not gone by then was not evicted after all: its disruption counts no longer. Milliseconds. */
const DISRUPTION_TIMEOUT = 120_000;

/** Says in the status of each PodDisruptionBudget how many disruptions it allows (kubernetes-api §13). */
export class DisruptionController implements Controller {
  readonly name = 'disruption';
  readonly #support: ControllerSupport;
  readonly #pending = new Set<string>();

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  wants(storage: string): boolean {
    return storage === PODS || storage === BUDGETS;
  }

  begin(): void {
    for (const { namespace } of this.#support.environment.store.list(BUDGETS)) this.#pending.add(namespace);
  }

  observe({ object }: Change): void {
    this.#pending.add(object.namespace);
  }

  work(): number | undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('policy/v1', 'PodDisruptionBudget');
    const podKind = environment.kinds.findByKind('v1', 'Pod');
    let again: number | undefined;
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const namespace of pending) {
      if (
        kind === undefined ||
        podKind === undefined ||
        environment.store.count(BUDGETS, { namespace }) === 0
      )
        continue;
      const pods = client.list(podKind, namespace);
      for (const budget of client.list(kind, namespace)) {
        const waits = this.#judge(kind, budget, pods);
        if (waits) {
          this.#pending.add(namespace);
          again = DISRUPTION_TIMEOUT;
        }
      }
    }
    return again;
  }

  /** @returns whether it has to be looked at again when time has passed */
  #judge(kind: Kind, budget: JsonObject, pods: readonly JsonObject[]): boolean {
    const { client, environment } = this.#support;
    const now = environment.now();
    const selector = objectAt(budget, 'spec', 'selector');
    const own = pods.filter((pod) => matchesSelector(selector, labelsOf(pod)) && !isDone(pod));
    const disrupted = stillDisrupted(objectAt(budget, 'status', 'disruptedPods') ?? {}, own, now);
    const healthy = own.filter(
      (pod) => hasCondition(pod, 'Ready') && !isBeingDeleted(pod) && !(nameOf(pod) in disrupted),
    ).length;
    const desired = desiredHealthy(budget, own.length);
    const allowed = own.length === 0 ? 0 : Math.max(0, healthy - desired);
    client.update(
      kind,
      budget,
      (next) => {
        next['status'] = status(next, { allowed, healthy, desired, expected: own.length, disrupted, now });
      },
      'status',
    );
    return Object.keys(disrupted).length > 0;
  }
}

interface Counts {
  readonly allowed: number;
  readonly healthy: number;
  readonly desired: number;
  readonly expected: number;
  readonly disrupted: Record<string, string>;
  readonly now: number;
}

function status(budget: JsonObject, counts: Counts): JsonObject {
  const generation = metadataOf(budget)['generation'] ?? 1;
  const before = conditionOf(budget, 'DisruptionAllowed');
  const isAllowed = counts.allowed > 0 ? 'True' : 'False';
  return {
    ...(Object.keys(counts.disrupted).length === 0 ? {} : { disruptedPods: counts.disrupted }),
    observedGeneration: generation,
    disruptionsAllowed: counts.allowed,
    currentHealthy: counts.healthy,
    desiredHealthy: counts.desired,
    expectedPods: counts.expected,
    conditions: [
      {
        type: 'DisruptionAllowed',
        status: isAllowed,
        observedGeneration: generation,
        lastTransitionTime:
          before?.['status'] === isAllowed ? (before['lastTransitionTime'] ?? '') : formatTime(counts.now),
        reason: counts.allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
        message: '',
      },
    ],
  };
}

/** How many pods have to stay healthy; percentages round up. */
function desiredHealthy(budget: JsonObject, expected: number): number {
  const least = valueAt(budget, 'spec', 'minAvailable');
  if (least !== undefined) return scaled(least, expected);
  const most = valueAt(budget, 'spec', 'maxUnavailable');
  return most === undefined ? Math.max(0, expected - 1) : Math.max(0, expected - scaled(most, expected));
}

function scaled(value: Json, total: number): number {
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value)?.[1] : undefined;
  return percent === undefined ? total : Math.ceil((Number(percent) * total) / 100);
}

/** The evicted pods that are neither gone nor going, nor were evicted too long ago. */
function stillDisrupted(
  disrupted: JsonObject,
  pods: readonly JsonObject[],
  now: number,
): Record<string, string> {
  const waiting = new Set(pods.filter((pod) => !isBeingDeleted(pod)).map(nameOf));
  return Object.fromEntries(
    Object.entries(disrupted)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .filter(([name, time]) => waiting.has(name) && Date.parse(time) + DISRUPTION_TIMEOUT > now),
  );
}

function isDone(pod: JsonObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}
