import type { JsonObject } from '../../schema/index.ts';
import { putCondition, type Kind } from '../kinds/index.ts';
import { finalizersOf, metadataOf, setFinalizers } from './object-metadata.ts';

/** Holds a CustomResourceDefinition that is being deleted until the objects of its kind are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export function isDefinition(kind: Pick<Kind, 'group' | 'kind'>): boolean {
  return kind.group === 'apiextensions.k8s.io' && kind.kind === 'CustomResourceDefinition';
}

/**
 * Marks a CustomResourceDefinition for deletion, in place: its objects go first (apiextensions-apiserver, registry of
 * definitions: neither generation nor grace period).
 *
 * @param time as objects have it
 */
export function terminateDefinition(definition: JsonObject, time: string): void {
  metadataOf(definition)['deletionTimestamp'] = time;
  const finalizers = finalizersOf(definition);
  if (!finalizers.includes(CLEANUP_FINALIZER)) setFinalizers(definition, [...finalizers, CLEANUP_FINALIZER]);
  putCondition(definition, {
    type: 'Terminating',
    status: 'True',
    lastTransitionTime: time,
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  });
}
