import { validateMetadataUpdate } from '../kinds/index.ts';
import { copyObject, invalidValue, textAt, type Json, type JsonObject } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { restoreManagedTimes } from '../apply/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { setManagedFields, trackOwnership } from './field-ownership.ts';
import { schemaErrors } from './object-checks.ts';
import { finalizersOf, isBeingDeleted, isSameObject, metadataOf, nameOf } from './object-metadata.ts';
import { removeObject, writeContext, writeObject } from './object-store.ts';
import type { WriteOptions } from './request-options.ts';
import { badRequest, conflict, invalid, modifiedConflict } from '../status/index.ts';

/** A change of one existing object. */
export interface Update {
  readonly kind: Kind;
  readonly old: JsonObject;
  /** The object as the client wants it, type-checked, unknown fields gone. Changed in place. */
  readonly next: JsonObject;
  /** '' for the main resource, or `status`, or another name for managedFields' sake. */
  readonly subresource: string;
  readonly options: WriteOptions;
  readonly warnings: string[];
  /** managedFields as server-side apply made them; counted as an update by the manager otherwise. */
  readonly managed?: Json;
  /** PUT: a custom kind's object must say which version it changes. */
  readonly isReplacement: boolean;
  /** Refuses what the user may not do with this very object. @throws StatusError */
  readonly admit: (object: JsonObject, old: JsonObject) => void;
}

/** What an update did. */
export interface Updated {
  readonly object: JsonObject;
  readonly outcome: 'unchanged' | 'updated' | 'removed';
}

/**
 * Replaces an object by its next state. Without a difference nothing is written; with the last finalizer gone from an object
 * that is being deleted, it goes. Inside a transaction only.
 *
 * @throws StatusError
 */
export function updateObject(environment: ApiEnvironment, update: Update): Updated {
  const { kind, old, next, subresource, options } = update;
  checkVersion(update);
  const now = environment.now();
  const metadata = metadataOf(next);
  const oldMetadata = metadataOf(old);
  carrySystemFields(metadata, oldMetadata);
  update.admit(next, old);
  const given = copyObject(next);
  const context = writeContext(environment, update.warnings);
  if (subresource === 'status') kind.strategy.prepareForStatusUpdate(next, old, context);
  else if (!BEYOND_UPDATES.has(subresource)) kind.strategy.prepareForUpdate(next, old, context);
  if (update.managed !== undefined) setManagedFields(next, update.managed);
  // A real server does not know the type of a custom kind's Scale, and so not its fields either.
  else if (kind.custom && subresource === 'scale') setManagedFields(next, oldMetadata['managedFields']);
  else trackOwnership(next, { kind, live: old, given, manager: options.fieldManager, subresource, now });
  checkUpdated(update);
  restoreManagedTimes(old, next);
  if (isSameObject(next, old)) return { object: old, outcome: 'unchanged' };
  const isLast =
    isBeingDeleted(next) &&
    finalizersOf(next).length === 0 &&
    !isInGracePeriod(next) &&
    !holdsItself(kind, next);
  if (isLast) {
    if (!options.dryRun) removeObject(environment, kind, next);
    // The answer has the last state with the version that is gone (kubernetes-api §10).
    metadataOf(next)['resourceVersion'] = textAt(oldMetadata, 'resourceVersion');
    return { object: next, outcome: 'removed' };
  }
  if (!options.dryRun) writeObject(environment, kind, next);
  return { object: next, outcome: 'updated' };
}

/** Subresources that set what no update of the object may: a namespace's own finalizers, the node of a pod. */
const BEYOND_UPDATES: ReadonlySet<string> = new Set(['finalize', 'binding']);

/** A pod goes when its kubelet says so, or its grace period was 0. */
function isInGracePeriod(object: JsonObject): boolean {
  const seconds = metadataOf(object)['deletionGracePeriodSeconds'];
  return typeof seconds === 'number' && seconds > 0;
}

/** A namespace has finalizers of its own, in its spec. */
function holdsItself(kind: Kind, object: JsonObject): boolean {
  if (kind.group !== '' || kind.kind !== 'Namespace') return false;
  const spec = object['spec'];
  const finalizers =
    typeof spec === 'object' && spec !== null && !Array.isArray(spec) ? spec['finalizers'] : undefined;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

/** Optimistic concurrency (kubernetes-api §5). @throws StatusError 409, 422 */
function checkVersion({ kind, old, next, isReplacement }: Update): void {
  const given = textAt(metadataOf(next), 'resourceVersion');
  const current = textAt(metadataOf(old), 'resourceVersion');
  const name = nameOf(old);
  const uid = textAt(metadataOf(next), 'uid');
  const oldUid = textAt(metadataOf(old), 'uid');
  if (isReplacement && uid !== '' && uid !== oldUid) {
    const key = [kind.storage, textAt(metadataOf(old), 'namespace'), name].filter((part) => part !== '');
    throw conflict(
      kind,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${key.join('/')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${oldUid}`,
    );
  }
  if (given === '' || given === '0') {
    if (isReplacement && !kind.strategy.updatesUnconditionally) {
      throw invalid({ group: kind.group, kind: kind.plural }, name, [
        invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
    }
    return;
  }
  if (!/^\d+$/.test(given)) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(given)}: strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`,
    );
  }
  if (given !== current) throw modifiedConflict(kind, name);
}

/** What only the server sets stays as it is, also where the client left it out. */
function carrySystemFields(metadata: JsonObject, old: JsonObject): void {
  for (const member of [
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'namespace',
    'resourceVersion',
    'selfLink',
  ]) {
    const value = old[member];
    if (value === undefined) delete metadata[member];
    else metadata[member] = value;
  }
  metadata['uid'] ??= old['uid'] ?? '';
  if (metadata['uid'] === '') metadata['uid'] = old['uid'] ?? '';
}

function checkUpdated({ kind, old, next, subresource }: Update): void {
  if (BEYOND_UPDATES.has(subresource)) return;
  const strategy = kind.strategy;
  const isStatus = subresource === 'status';
  const ofMetadata = validateMetadataUpdate(metadataOf(next), metadataOf(old));
  const errors = [
    // Kubernetes checks metadata before the kind's own rules and as a part of them: each cause comes twice.
    ...ofMetadata,
    ...ofMetadata,
    ...(isStatus ? strategy.validateStatusUpdate(next, old) : strategy.validateUpdate(next, old)),
    ...schemaErrors(kind, next, old, isStatus ? 'status' : 'all'),
  ];
  if (errors.length > 0) throw invalid(kind, nameOf(old), errors);
}
