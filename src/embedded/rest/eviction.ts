import { numberAt, objectAt, textAt, formatTime, type JsonObject } from '../../schema/index.ts';
import { matchesSelector } from '../../api/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { deleteObject } from './delete-object.ts';
import { readDeleteOptions } from './delete-options.ts';
import { isBeingDeleted, labelsOf, metadataOf, nameOf, namespaceOf } from './object-metadata.ts';
import { objectValue } from './presentation.ts';
import { SystemClient } from './system-client.ts';
import { conditionOf, hasCondition, putCondition, type Kind } from '../kinds/index.ts';
import { StatusError, forbidden, internalError } from '../status/index.ts';

/** How many pods a budget remembers as evicted before its controller has seen them go. */
const MAX_DISRUPTED = 2000;

/**
 * Evicts a pod, where its disruption budget lets it (kubernetes-api §13). Inside a transaction only.
 *
 * @param pod changed in place
 * @param dryRun whether the request asked for that; the eviction's own deleteOptions may, too
 * @throws StatusError 429 with the budget's reason
 */
export function evictPod(
  environment: ApiEnvironment,
  kind: Kind,
  pod: JsonObject,
  eviction: JsonObject,
  dryRun: boolean,
): void {
  const given = readDeleteOptions(objectAt(eviction, 'deleteOptions'), new URLSearchParams());
  const options = { ...given, dryRun: given.dryRun || dryRun };
  const budget = needsBudget(pod) ? budgetOf(environment, pod) : undefined;
  if (budget !== undefined && !isFree(pod, budget.object))
    spend(environment, budget, nameOf(pod), options.dryRun);
  if (!isBeingDeleted(pod)) markDisrupted(pod, formatTime(environment.now()));
  deleteObject(environment, kind, pod, options, []);
}

/** Says in the pod's status why it ends; its owners and whoever drains a node look for that. */
function markDisrupted(pod: JsonObject, time: string): void {
  putCondition(pod, {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: time,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  });
}

/** Pods that are done, not yet anywhere, or going already, cost nobody anything. */
function needsBudget(pod: JsonObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return !isBeingDeleted(pod) && phase !== 'Pending' && phase !== 'Succeeded' && phase !== 'Failed';
}

/**
 * Whether a pod that is not ready may go without being counted, since nobody is served by it
 * (k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go).
 */
function isFree(pod: JsonObject, budget: JsonObject): boolean {
  if (hasCondition(pod, 'Ready')) return false;
  if (textAt(budget, 'spec', 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return true;
  const desired = statusNumber(budget, 'desiredHealthy');
  return desired > 0 && statusNumber(budget, 'currentHealthy') >= desired;
}

interface Budget {
  readonly kind: Kind;
  readonly object: JsonObject;
}

function budgetOf(environment: ApiEnvironment, pod: JsonObject): Budget | undefined {
  const kind = environment.kinds.findByKind('policy/v1', 'PodDisruptionBudget');
  if (kind === undefined) return undefined;
  const labels = labelsOf(pod);
  const budgets = environment.store
    .list(kind.storage, { namespace: namespaceOf(pod) })
    .map((stored) => objectValue(kind, stored))
    .filter((object) => matchesSelector(objectAt(object, 'spec', 'selector'), labels));
  if (budgets.length > 1) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const object = budgets[0];
  return object === undefined ? undefined : { kind, object };
}

function spend(environment: ApiEnvironment, { kind, object }: Budget, pod: string, dryRun: boolean): void {
  checkBudget(object);
  if (dryRun) return;
  const now = formatTime(environment.now());
  const client = new SystemClient(environment, 'kube-apiserver');
  client.update(kind, object, (next) => countDisruption(next, pod, now), 'status');
}

/** @throws StatusError 403, 429 */
function checkBudget(budget: JsonObject): void {
  const name = nameOf(budget);
  const generation = metadataOf(budget)['generation'];
  if (typeof generation === 'number' && statusNumber(budget, 'observedGeneration') < generation) {
    throw refused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (Object.keys(objectAt(budget, 'status', 'disruptedPods') ?? {}).length > MAX_DISRUPTED) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden({ group: 'policy', plural: 'poddisruptionbudget' }, name, why);
  }
  if (statusNumber(budget, 'disruptionsAllowed') <= 0) {
    const healthy = statusNumber(budget, 'currentHealthy');
    const desired = statusNumber(budget, 'desiredHealthy');
    throw refused(`The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`);
  }
}

/** Takes one of the allowed disruptions, and remembers for which pod until the pod is gone. */
function countDisruption(budget: JsonObject, pod: string, now: string): void {
  const allowed = statusNumber(budget, 'disruptionsAllowed') - 1;
  budget['status'] = {
    ...objectAt(budget, 'status'),
    disruptionsAllowed: allowed,
    disruptedPods: { ...objectAt(budget, 'status', 'disruptedPods'), [pod]: now },
  };
  const condition = conditionOf(budget, 'DisruptionAllowed');
  if (allowed > 0 || condition === undefined || condition['status'] === 'False') return;
  condition['status'] = 'False';
  condition['reason'] = 'InsufficientPods';
  condition['lastTransitionTime'] = now;
}

function statusNumber(budget: JsonObject, member: string): number {
  return numberAt(budget, 'status', member) ?? 0;
}

function refused(message: string, retryAfterSeconds?: number): StatusError {
  return new StatusError(
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      causes: [{ reason: 'DisruptionBudget', message }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  );
}
