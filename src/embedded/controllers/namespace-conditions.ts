import { textAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf, putCondition } from '../kinds/index.ts';
import type { Contents } from './namespace-contents.ts';

interface Verdict {
  readonly type: string;
  readonly status: 'False' | 'True';
  readonly reason: string;
  readonly message: string;
}

/**
 * Says in a terminating namespace's status what it waits for
 * (k8s.io/kubernetes pkg/controller/namespace/deletion/status_condition_utils.go).
 *
 * @param now as objects have it
 */
export function putContentConditions(namespace: JsonObject, contents: Contents, now: string): void {
  for (const { type, status, reason, message } of verdicts(contents)) {
    const before = conditionOf(namespace, type);
    const since = textAt(before, 'status') === status ? textAt(before, 'lastTransitionTime') : '';
    putCondition(namespace, {
      type,
      status,
      lastTransitionTime: since === '' ? now : since,
      reason,
      message,
    });
  }
}

function verdicts({ remaining, finalizers }: Contents): Verdict[] {
  const resources = [...remaining].map(([resource, count]) => `${resource} has ${count} resource instances`);
  const holders = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    resources.length === 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${resources.sort().join(', ')}`,
        },
    holders.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${holders.sort().join(', ')}`,
        },
  ];
}
