import { foldAncientChanges } from './ancient-changes.ts';
import type { Comparison } from './compare.ts';
import { FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { managerId, type Manager, type Owners } from './managers.ts';
import { fieldElement } from './path-element.ts';
import { reconcile } from './reconcile.ts';

/**
 * What no one is told to own: the server sets it, or it names the object (k8s.io/apimachinery managedfields, stripmeta.go).
 * What lies below metadata is not meant.
 */
const NOT_OWNED = FieldSet.of(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ['f:metadata', 'f:name'],
  ['f:metadata', 'f:namespace'],
  ['f:metadata', 'f:creationTimestamp'],
  ['f:metadata', 'f:selfLink'],
  ['f:metadata', 'f:uid'],
  ['f:metadata', 'f:clusterName'],
  ['f:metadata', 'f:generation'],
  ['f:metadata', 'f:managedFields'],
  ['f:metadata', 'f:resourceVersion'],
);

export function withoutMeta(fields: FieldSet): FieldSet {
  return fields.difference(NOT_OWNED);
}

/** What an endpoint does not write, from the names of the members on the way there. */
export function resetSet(resetFields: readonly (readonly string[])[]): FieldSet {
  return FieldSet.of(...resetFields.map((path) => path.map(fieldElement)));
}

/** A difference without the fields that the write had no say in. */
export function withoutReset(difference: Comparison, reset: FieldSet): Comparison {
  if (reset.isEmpty) return difference;
  return {
    added: difference.added.recursiveDifference(reset),
    modified: difference.modified.recursiveDifference(reset),
    removed: difference.removed.recursiveDifference(reset),
  };
}

/** Brings every set up to date with the schema. */
export function reconcileOwners(type: FieldType, owners: Owners): void {
  for (const [id, owner] of owners) {
    const fields = reconcile(type, owner.fields);
    if (fields !== owner.fields) owners.set(id, { ...owner, fields });
  }
}

/**
 * Gives what an update changed to its writer, with this time, and takes it from everyone else; what it removed, no one owns.
 * An update that changed nothing leaves everything as it is.
 */
export function ownUpdate(owners: Owners, writer: Manager, difference: Comparison, time: string): void {
  const id = managerId(writer);
  const changed = difference.modified.union(difference.added);
  const own = withoutMeta(changed);
  takeFrom(owners, changed.union(difference.removed), id);
  const before = owners.get(id);
  const fields = (before?.fields ?? own).difference(difference.removed).union(own);
  if (fields.isEmpty) owners.delete(id);
  else if (!own.isEmpty) owners.set(id, { ...before, ...writer, fields, time });
  else if (before !== undefined) owners.set(id, { ...before, fields });
  foldAncientChanges(owners);
}

/** Takes fields from all owners but one; an owner of nothing goes. */
export function takeFrom(owners: Owners, fields: FieldSet, spared?: string): void {
  for (const [id, owner] of owners) {
    if (id === spared) continue;
    const left = owner.fields.difference(fields);
    if (left.isEmpty) owners.delete(id);
    else if (left !== owner.fields) owners.set(id, { ...owner, fields: left });
  }
}
