import { isJsonObject, textAt, type JsonObject } from '../../schema/index.ts';
import { matchesSelector, type LabelSelector } from '../../api/index.ts';
import { formatTime, type ApiEnvironment } from './api-environment.ts';
import { deleteObject, readDeleteOptions } from './delete-object.ts';
import { isBeingDeleted, labelsOf, metadataOf, nameOf, namespaceOf } from './object-metadata.ts';
import { objectValue } from './presentation.ts';
import { SystemClient, section } from './system-client.ts';
import type { Kind } from '../kinds/index.ts';
import { StatusError, badRequest, internalError } from './status-error.ts';

/** How many pods a budget remembers as evicted before its controller has seen them go. */
const MAX_DISRUPTED = 2000;

/**
 * Evicts a pod, where its disruption budget lets it (kubernetes-api §13). Inside a transaction only.
 *
 * @param pod changed in place
 * @throws StatusError 429 with the budget's reason
 */
export function evictPod(
  environment: ApiEnvironment,
  kind: Kind,
  pod: JsonObject,
  eviction: JsonObject,
): void {
  const given = nameOf(eviction);
  const name = nameOf(pod);
  if (given !== '' && given !== name) {
    throw badRequest(`name in URL does not match name in Eviction object: ${name} != ${given}`);
  }
  const options = readDeleteOptions(
    isJsonObject(eviction['deleteOptions']) ? eviction['deleteOptions'] : undefined,
    new URLSearchParams(),
  );
  const budget = needsBudget(pod) ? budgetOf(environment, pod) : undefined;
  if (budget !== undefined) spend(environment, budget, name, options.dryRun);
  if (!isBeingDeleted(pod)) markDisrupted(pod, formatTime(environment.now()));
  deleteObject(environment, kind, pod, options, []);
}

/** Says in the pod's status why it ends; its owners and whoever drains a node look for that. */
function markDisrupted(pod: JsonObject, time: string): void {
  const status = section(pod, 'status');
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].filter(isJsonObject) : [];
  pod['status'] = {
    ...status,
    conditions: [
      ...conditions.filter(({ type }) => type !== 'DisruptionTarget'),
      {
        type: 'DisruptionTarget',
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: time,
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
      },
    ],
  };
}

/** Pods that are done, not yet anywhere, or going already, cost nobody anything. */
function needsBudget(pod: JsonObject): boolean {
  const status = pod['status'];
  const phase = isJsonObject(status) ? textAt(status, 'phase') : '';
  return !isBeingDeleted(pod) && phase !== 'Pending' && phase !== 'Succeeded' && phase !== 'Failed';
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
    .filter((object) =>
      matchesSelector(section(object, 'spec')['selector'] as LabelSelector | undefined, labels),
    );
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
  client.update(kind, object, (next) => countDisruption(section(next, 'status'), pod, now), 'status');
}

/** @throws StatusError 429 */
function checkBudget(budget: JsonObject): void {
  const status = section(budget, 'status');
  const name = nameOf(budget);
  const generation = metadataOf(budget)['generation'];
  if (typeof generation === 'number' && numberIn(status, 'observedGeneration') < generation) {
    throw refused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (Object.keys(section(status, 'disruptedPods')).length > MAX_DISRUPTED) {
    throw refused('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (numberIn(status, 'disruptionsAllowed') <= 0) {
    const healthy = numberIn(status, 'currentHealthy');
    const desired = numberIn(status, 'desiredHealthy');
    throw refused(`The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`);
  }
}

/** Takes one of the allowed disruptions, and remembers for which pod until the pod is gone. */
function countDisruption(status: JsonObject, pod: string, now: string): void {
  const allowed = numberIn(status, 'disruptionsAllowed') - 1;
  status['disruptionsAllowed'] = allowed;
  status['disruptedPods'] = { ...section(status, 'disruptedPods'), [pod]: now };
  if (allowed > 0 || !Array.isArray(status['conditions'])) return;
  for (const condition of status['conditions'].filter(isJsonObject)) {
    if (condition['type'] !== 'DisruptionAllowed' || condition['status'] === 'False') continue;
    condition['status'] = 'False';
    condition['reason'] = 'InsufficientPods';
    condition['lastTransitionTime'] = now;
  }
}

function numberIn(object: JsonObject, key: string): number {
  const value = object[key];
  return typeof value === 'number' ? value : 0;
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
