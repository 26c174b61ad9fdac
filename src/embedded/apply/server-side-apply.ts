import {
  copyObject,
  isJsonObject,
  memberOf,
  formatTime,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { ApplyError } from './apply-error.ts';
import { typedProblem } from './check-typed.ts';
import { compare } from './compare.ts';
import {
  conflictsBeyond,
  conflictsOf,
  describeConflicts,
  type ConflictCause,
  type Conflicts,
} from './conflict.ts';
import { emptyObject } from './empty-object.ts';
import { FieldSet } from './field-set.ts';
import { fieldTypeOf, type FieldType } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { MIGRATING_MANAGER, renewLastApplied, unchangedSinceClientApply } from './last-applied.ts';
import {
  managedFieldsOf,
  restoreManagedTimes,
  setManagedFields,
  withoutManagedFields,
} from './managed-fields.ts';
import { decodeOwners, encodeOwners, managerId, type Manager, type Owners } from './managers.ts';
import { merge } from './merge.ts';
import { ownUpdate, reconcileOwners, resetSet, takeFrom, withoutMeta, withoutReset } from './own-update.ts';
import { pruneAbandoned } from './prune.ts';

/** A patch of type `application/apply-patch+yaml`, its metadata checked: name, version, no managedFields. */
export interface ServerSideApply {
  /** Of the whole object. */
  readonly schema: Schema;
  /** The stored object; undefined if the apply creates it. */
  readonly live: JsonObject | undefined;
  /** The request's object, as sent. */
  readonly applied: JsonObject;
  /** See {@link ManagedUpdate.custom}. */
  readonly custom: boolean;
  readonly manager: string;
  readonly apiVersion: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  /** Whether to take fields from other managers instead of failing. */
  readonly force: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** See {@link ManagedUpdate.resetFields}. */
  readonly resetFields: readonly (readonly string[])[];
}

export type ApplyOutcome =
  /** The merged object with its managedFields; where nothing changed, it equals the live one. */
  | { readonly kind: 'applied'; readonly object: JsonObject }
  /** The text and the causes of a 409 Conflict. */
  | { readonly kind: 'conflicts'; readonly message: string; readonly causes: readonly ConflictCause[] };

/**
 * Applies an object to the stored one (KEP-555, as structured-merge-diff does): what it holds is merged in and owned by its
 * manager, what the manager applied before and no one else owns is removed, and what another manager owns and this apply
 * would change is a conflict. Neither object is changed. Throws ApplyError.
 */
export function serverSideApply(apply: ServerSideApply): ApplyOutcome {
  const { live, applied } = apply;
  const type = fieldTypeOf(apply.schema);
  const problem = typedProblem(type, applied);
  if (problem !== undefined) {
    throw new ApplyError(
      'not-typed',
      `failed to create typed patch object (${describe(applied)}): ${problem}`,
    );
  }
  const owners = decodeOwners(managedFieldsOf(live), 'stored');
  const old = withoutManagedFields(live ?? {});
  if (owners.size === 0 && live !== undefined) claimUnowned(apply, type, owners, old);
  reconcileOwners(type, owners);

  const merged = mergeInto(apply, type, owners, old);
  if (merged.conflicts !== undefined) return { kind: 'conflicts', ...describeConflicts(merged.conflicts) };
  const { object } = merged;
  if (apply.manager === MIGRATING_MANAGER) renewLastApplied(object, applied);
  setManagedFields(object, encodeOwners(merged.owners));
  if (live !== undefined) restoreManagedTimes(live, object);
  return { kind: 'applied', object };
}

type Merged =
  | { readonly conflicts: Conflicts }
  | { readonly conflicts: undefined; readonly object: JsonObject; readonly owners: Owners };

function mergeInto(apply: ServerSideApply, type: FieldType, owners: Owners, old: JsonObject): Merged {
  const reset = resetSet(apply.resetFields);
  const writer: Manager = {
    name: apply.manager,
    operation: 'Apply',
    apiVersion: apply.apiVersion,
    subresource: apply.subresource,
  };
  const id = managerId(writer);
  const last = owners.get(id)?.fields ?? new FieldSet();
  const fields = fieldsOf(type, apply.applied).recursiveDifference(reset);
  owners.set(id, { ...writer, fields, time: formatTime(apply.now) });
  const laid = apply.live === undefined ? copyObject(apply.applied) : merge(type, old, apply.applied);
  const object = copyObject(pruneAbandoned(type, laid, owners, last));
  if (apply.live !== undefined) {
    const difference = withoutReset(compare(type, old, object), reset);
    const changed = difference.modified.union(difference.added);
    if (!apply.force) {
      const conflicts = conflictsOf(owners, id, changed);
      const unforced = conflicts.size === 0 ? undefined : withoutMigrated(apply, type, conflicts);
      if (unforced !== undefined) return { conflicts: unforced };
    }
    takeFrom(owners, changed.union(difference.removed), id);
  }
  const own = withoutMeta(fields);
  if (own.isEmpty) owners.delete(id);
  else owners.set(id, { ...writer, fields: own, time: formatTime(apply.now) });
  return { conflicts: undefined, object, owners };
}

/** kubectl may take over what its client-side apply set. */
function withoutMigrated(
  apply: ServerSideApply,
  type: FieldType,
  conflicts: Conflicts,
): Conflicts | undefined {
  if (apply.manager !== MIGRATING_MANAGER || apply.live === undefined) return conflicts;
  const allowed = unchangedSinceClientApply(type, withoutManagedFields(apply.live), apply.apiVersion);
  return allowed === undefined ? conflicts : conflictsBeyond(conflicts, allowed);
}

/** What no one owned when the first apply came belongs to an updater of this name, so that the apply may conflict with it. */
function claimUnowned(apply: ServerSideApply, type: FieldType, owners: Owners, old: JsonObject): void {
  const reset = resetSet(apply.resetFields);
  const difference = withoutReset(
    compare(type, apply.custom ? {} : emptyObject(apply.schema, old), old),
    reset,
  );
  const { apiVersion, subresource } = apply;
  const writer: Manager = { name: 'before-first-apply', operation: 'Update', apiVersion, subresource };
  ownUpdate(owners, writer, difference, formatTime(apply.now));
}

/** `namespace/name; group/version, Kind=kind`. */
function describe(object: JsonObject): string {
  const metadata = memberOf(object, 'metadata');
  const text = (holder: Json | undefined, key: string): string => {
    const value = isJsonObject(holder) ? memberOf(holder, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const apiVersion = text(object, 'apiVersion');
  const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${text(metadata, 'namespace')}/${text(metadata, 'name')}; ${groupVersion}, Kind=${text(object, 'kind')}`;
}
