import { matchesSelector } from '../../api/index.ts';
import { formatTime, objectAt, textAt, valueAt, type Json, type JsonObject } from '../../schema/index.ts';
import { hasCondition, type Kind } from '../kinds/index.ts';
import { isBeingDeleted, nameOf, objectValue } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { disruptionStatus, failedStatus } from './disruption-status.ts';
import { expectedScale } from './expected-scale.ts';
import { storedObjects } from './stored-objects.ts';
import { WorkQueue } from './work-queue.ts';

const PODS = 'pods';
const BUDGETS = 'policy/poddisruptionbudgets';

/** Where the controllers of pods say how many they want. */
const OWNERS: ReadonlySet<string> = new Set(['apps/deployments', 'apps/replicasets', 'apps/statefulsets']);

/** An evicted pod that is not gone by then was not evicted after all: its disruption counts no longer. Milliseconds. */
const DISRUPTION_TIMEOUT = 120_000;

/**
 * Says in the status of each PodDisruptionBudget how many disruptions it allows (kubernetes-api §13; k8s.io/kubernetes
 * pkg/controller/disruption).
 */
export class DisruptionController implements Controller {
  readonly name = 'disruption';
  readonly #support: ControllerSupport;
  /** Namespaces. */
  readonly #queue: WorkQueue;
  /** What the budgets of a namespace select, as they were at the last look; each change of one leads to another look. */
  readonly #selectors = new Map<string, readonly (JsonObject | undefined)[]>();

  constructor(support: ControllerSupport) {
    this.#support = support;
    this.#queue = new WorkQueue(this.name, support.report);
  }

  wants(storage: string): boolean {
    return storage === PODS || storage === BUDGETS || OWNERS.has(storage);
  }

  begin(): void {
    for (const { namespace } of this.#support.environment.store.list(BUDGETS)) this.#queue.add(namespace);
  }

  observe(change: Change): void {
    const { storage, namespace } = change.object;
    if (storage !== PODS || this.#isCounted(change)) this.#queue.add(namespace);
  }

  /** A look reads all pods of the namespace: those that no budget selects, most of all, are no reason for one. */
  #isCounted({ type, object, old }: Change): boolean {
    if (type === 'modified' && old === undefined) return true;
    const selectors = this.#selectors.get(object.namespace) ?? [];
    return selectors.some(
      (selector) => matchesSelector(selector, object.labels) || matchesSelector(selector, old?.labels),
    );
  }

  work(): number | undefined {
    const { environment } = this.#support;
    return this.#queue.work(environment.now(), (namespace) => this.#look(namespace));
  }

  #look(namespace: string): number | undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('policy/v1', 'PodDisruptionBudget');
    const podKind = environment.kinds.findByKind('v1', 'Pod');
    if (kind === undefined || podKind === undefined) return undefined;
    const budgets = client.list(kind, namespace);
    const selectors = budgets.map((budget) => objectAt(budget, 'spec', 'selector'));
    if (selectors.length === 0) this.#selectors.delete(namespace);
    else this.#selectors.set(namespace, selectors);
    let again: number | undefined;
    for (const budget of budgets) {
      const selector = objectAt(budget, 'spec', 'selector');
      const pods: JsonObject[] = [];
      for (const stored of storedObjects(environment.store, PODS, namespace))
        if (matchesSelector(selector, stored.labels)) pods.push(objectValue(podKind, stored));
      const pause = this.#judge(kind, budget, pods);
      if (pause !== undefined) again = Math.min(again ?? Infinity, pause);
    }
    return again;
  }

  /** @returns in how many milliseconds time alone may change the verdict */
  #judge(kind: Kind, budget: JsonObject, pods: readonly JsonObject[]): number | undefined {
    const { client, environment } = this.#support;
    const now = environment.now();
    const needs = this.#needs(budget, pods);
    if ('problem' in needs) {
      const status = failedStatus(budget, needs.problem, formatTime(now));
      client.update(kind, budget, (next) => void (next['status'] = status), 'status');
      return undefined;
    }
    const disrupted = stillDisrupted(objectAt(budget, 'status', 'disruptedPods') ?? {}, pods, now);
    const healthy = pods.filter(
      (pod) => hasCondition(pod, 'Ready') && !isBeingDeleted(pod) && !disrupted.has(nameOf(pod)),
    ).length;
    const status = disruptionStatus(
      budget,
      {
        // Where nothing is expected the first pods may come at any moment.
        allowed: needs.expected <= 0 ? 0 : Math.max(0, healthy - needs.desired),
        healthy,
        ...needs,
        disrupted: Object.fromEntries([...disrupted].map(([name, { since }]) => [name, since])),
      },
      formatTime(now),
    );
    client.update(kind, budget, (next) => void (next['status'] = status), 'status');
    const ends = [...disrupted.values()].map(({ end }) => end - now);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** How many pods there should be, and how many of them have to stay healthy; percentages round up. */
  #needs(
    budget: JsonObject,
    pods: readonly JsonObject[],
  ): { readonly expected: number; readonly desired: number } | { readonly problem: string } {
    const most = valueAt(budget, 'spec', 'maxUnavailable');
    const least = valueAt(budget, 'spec', 'minAvailable');
    if (most === undefined && typeof least === 'number') return { expected: pods.length, desired: least };
    const limit = most ?? least;
    if (limit === undefined) return { expected: 0, desired: 0 };
    const scale = expectedScale(this.#support, pods);
    if ('problem' in scale) return scale;
    const part = scaled(limit, scale.pods);
    return { expected: scale.pods, desired: most === undefined ? part : Math.max(0, scale.pods - part) };
  }
}

function scaled(value: Json, total: number): number {
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value)?.[1] : undefined;
  return percent === undefined ? 0 : Math.ceil((Number(percent) * total) / 100);
}

/** The evicted pods that are neither gone nor going, nor were evicted too long ago. Times in milliseconds since 1970. */
function stillDisrupted(
  disrupted: JsonObject,
  pods: readonly JsonObject[],
  now: number,
): Map<string, { readonly since: string; readonly end: number }> {
  const waiting = new Map<string, { since: string; end: number }>();
  for (const pod of pods) {
    const since = textAt(disrupted, nameOf(pod));
    const end = Date.parse(since) + DISRUPTION_TIMEOUT;
    if (!isBeingDeleted(pod) && end > now) waiting.set(nameOf(pod), { since, end });
  }
  return waiting;
}
