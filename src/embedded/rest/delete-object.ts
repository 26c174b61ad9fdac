import { formatTime, numberAt, objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { isDefinition, terminateDefinition } from './definition-deletion.ts';
import type { DeleteOptions, Propagation } from './delete-options.ts';
import {
  countGeneration,
  finalizersOf,
  isBeingDeleted,
  metadataOf,
  nameOf,
  setFinalizers,
} from './object-metadata.ts';
import { removeObject, writeObject } from './object-store.ts';
import { conflict, forbidden, type StatusError } from '../status/index.ts';

/** What a delete did. */
export interface Deleted {
  /** The object: gone with this last state, or still there and waiting. */
  readonly object: JsonObject;
  readonly isGone: boolean;
}

/** Namespaces without which nothing works. */
const PROTECTED: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/**
 * Deletes an object, or marks it where finalizers or a grace period hold it (kubernetes-api §10). Inside a transaction
 * only.
 *
 * @param object the object now; changed in place
 * @throws StatusError
 */
export function deleteObject(
  environment: ApiEnvironment,
  kind: Kind,
  object: JsonObject,
  options: DeleteOptions,
  warnings: string[],
): Deleted {
  checkPreconditions(kind, object, options);
  const name = nameOf(object);
  const isNamespace = kind.group === '' && kind.kind === 'Namespace';
  if (isNamespace && PROTECTED.has(name)) throw forbidden(kind, name, 'this namespace may not be deleted');
  const isMarked = isBeingDeleted(object);
  if (isDefinition(kind) && !isMarked) {
    terminateDefinition(object, formatTime(environment.now()));
    if (!options.dryRun) writeObject(environment, kind, object);
    return { object, isGone: false };
  }
  const before = finalizersOf(object);
  const finalizers = withPropagation(kind, before, options, warnings);
  const grace = kind.strategy.gracePeriodSeconds(object, options.gracePeriodSeconds);
  const stays = finalizers.length > 0 || grace > 0 || isNamespace;
  const isGraceful = kind.strategy.deletesGracefully;
  if (isMarked && stays) {
    // Later requests can shorten a grace period, and where there is none, change what becomes of dependants.
    const isChange = isGraceful || isNamespace ? grace < graceOf(object) : !isSame(finalizers, before);
    if (!isChange) return { object, isGone: false };
  }
  if (isMarked ? isGraceful && grace < graceOf(object) : isGraceful || stays) {
    mark(environment, kind, object, grace, isMarked);
  }
  if (isNamespace) terminateNamespace(object);
  setFinalizers(object, finalizers);
  if (stays) {
    if (!options.dryRun) writeObject(environment, kind, object);
    return { object, isGone: false };
  }
  if (!options.dryRun) removeObject(environment, kind, object);
  return { object, isGone: true };
}

function mark(
  environment: ApiEnvironment,
  kind: Kind,
  object: JsonObject,
  grace: number,
  again: boolean,
): void {
  const metadata = metadataOf(object);
  metadata['deletionTimestamp'] = formatTime(environment.now() + grace * 1000);
  if (!(kind.group === '' && kind.kind === 'Namespace')) metadata['deletionGracePeriodSeconds'] = grace;
  if (!again) countGeneration(object);
}

/** How long an object that is being deleted was given, in seconds. */
function graceOf(object: JsonObject): number {
  return numberAt(object, 'metadata', 'deletionGracePeriodSeconds') ?? 0;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}

function terminateNamespace(object: JsonObject): void {
  object['status'] = { ...objectAt(object, 'status'), phase: 'Terminating' };
}

function withPropagation(
  kind: Kind,
  finalizers: readonly string[],
  options: DeleteOptions,
  warnings: string[],
): readonly string[] {
  const policy = options.propagation ?? inherited(finalizers) ?? kind.strategy.defaultPropagation;
  if (
    options.propagation === undefined &&
    policy === 'Orphan' &&
    kind.strategy.defaultPropagation === 'Orphan'
  ) {
    warnings.push(
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    );
  }
  const own = finalizers.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion');
  if (policy === 'Foreground') return [...own, 'foregroundDeletion'];
  return policy === 'Orphan' ? [...own, 'orphan'] : own;
}

/** A request that names no policy leaves the one that an earlier request chose. */
function inherited(finalizers: readonly string[]): Propagation | undefined {
  if (finalizers.includes('orphan')) return 'Orphan';
  return finalizers.includes('foregroundDeletion') ? 'Foreground' : undefined;
}

function checkPreconditions(kind: Kind, object: JsonObject, options: DeleteOptions): void {
  const metadata = metadataOf(object);
  const uid = textAt(metadata, 'uid');
  const version = textAt(metadata, 'resourceVersion');
  if (options.uid !== undefined && options.uid !== uid) {
    throw unmetPrecondition(
      kind,
      nameOf(object),
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== version) {
    throw unmetPrecondition(
      kind,
      nameOf(object),
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}

/** Here, and only here, the Kind stands where other conflicts have the plural (kubernetes-api §4). */
function unmetPrecondition(kind: Kind, name: string, why: string): StatusError {
  return conflict({ group: kind.group, plural: kind.kind }, name, why);
}
