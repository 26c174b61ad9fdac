import {
  equalJson,
  isJsonObject,
  formatTime,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { ApplyError } from './apply-error.ts';
import { compare } from './compare.ts';
import { emptyObject } from './empty-object.ts';
import { fieldTypeOf } from './field-type.ts';
import { decodeOwners, encodeOwners, type Manager, type Owners } from './managers.ts';
import { managedFieldsOf, setManagedFields, withoutManagedFields } from './managed-fields.ts';
import { ownUpdate, reconcileOwners, resetSet, withoutReset } from './own-update.ts';

/** A create, update or patch that is about to be stored. */
export interface ManagedUpdate {
  /** Of the whole object. */
  readonly schema: Schema;
  /** The stored object; undefined for a create. */
  readonly live: JsonObject | undefined;
  /** What the object becomes, as the client sent it: defaulted, but before admission and strategy touch it. */
  readonly next: JsonObject;
  /** Whether the kind comes from a CustomResourceDefinition: others have members that no one set. */
  readonly custom: boolean;
  /** `fieldManager`, or the User-Agent up to its first `/`. */
  readonly manager: string;
  readonly apiVersion: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What the endpoint does not write whatever the request says, for example `[['status']]`: names from the root. */
  readonly resetFields: readonly (readonly string[])[];
}

/**
 * Sets `next.metadata.managedFields` to what it is after this write: who changes a field owns it alone. Where the client sent
 * managedFields, the main resource takes them instead of the stored ones (kubectl migrates ownership so); an empty list, or
 * one empty entry, ends the tracking. A write that changes nothing leaves the entries, times included, as they are.
 * Never fails: managedFields that cannot be read are replaced or dropped, as kube-apiserver does.
 */
export function updateManagedFields(update: ManagedUpdate): void {
  const { live, next } = update;
  const stored = managedFieldsOf(live);
  const sent = managedFieldsOf(next);
  const type = fieldTypeOf(update.schema);
  const old = withoutManagedFields(live ?? (update.custom ? {} : emptyObject(update.schema, next)));
  const reset = resetSet(update.resetFields);
  const difference = withoutReset(compare(type, old, withoutManagedFields(next)), reset);
  const isSame = difference.added.isEmpty && difference.modified.isEmpty && difference.removed.isEmpty;
  if (isSame && stored !== undefined && (sent === undefined || equalJson(sent, stored))) {
    setManagedFields(next, stored);
    return;
  }
  const owners = ownersToChange(update, stored, sent);
  if (owners.size === 0 && live !== undefined) {
    // Once the tracking has ended, only an apply begins it anew.
    setManagedFields(next, undefined);
    return;
  }
  reconcileOwners(type, owners);
  ownUpdate(owners, writerOf(update), difference, formatTime(update.now));
  setManagedFields(next, encodeOwners(owners));
}

function writerOf({ manager, apiVersion, subresource }: ManagedUpdate): Manager {
  return { name: manager === '' ? 'unknown' : manager, operation: 'Update', apiVersion, subresource };
}

function ownersToChange(update: ManagedUpdate, stored: Json | undefined, sent: Json | undefined): Owners {
  if (update.subresource === '') {
    if (isReset(sent)) return new Map();
    const owners = readableOwners(sent, 'sent');
    if (owners.size > 0) return owners;
  }
  return readableOwners(stored, 'stored');
}

function isReset(sent: Json | undefined): boolean {
  if (!Array.isArray(sent)) return false;
  const [only, ...others] = sent;
  if (only === undefined) return true;
  return others.length === 0 && isJsonObject(only) && Object.keys(only).length === 0;
}

function readableOwners(entries: Json | undefined, from: 'stored' | 'sent'): Owners {
  try {
    return decodeOwners(entries, from);
  } catch (error) {
    if (error instanceof ApplyError) return new Map();
    throw error;
  }
}
