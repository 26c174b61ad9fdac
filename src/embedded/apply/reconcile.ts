import { FieldSet } from './field-set.ts';
import { DEDUCED, type FieldType } from './field-type.ts';

/**
 * Brings a set that was written under an older schema up to date (structured-merge-diff, typed/reconcile_schema.go): whoever
 * owned parts of what is now atomic owns it as a whole. The set itself where nothing changed.
 */
export function reconcile(type: FieldType, set: FieldSet): FieldSet {
  return reconcileBelow(type, set) ?? set;
}

/** Undefined where nothing changed. */
function reconcileBelow(type: FieldType, set: FieldSet): FieldSet | undefined {
  let members: Set<string> | undefined;
  let children: Map<string, FieldSet> | undefined;
  for (const [step, child] of set.children) {
    const childType = typeBelow(type, step);
    if (childType === undefined) continue;
    if (isOwnedAsWhole(childType)) {
      (members ??= new Set(set.members)).add(step);
      (children ??= new Map(set.children)).delete(step);
      continue;
    }
    const changed = reconcileBelow(childType, child);
    if (changed !== undefined) (children ??= new Map(set.children)).set(step, changed);
  }
  if (children === undefined) return undefined;
  return FieldSet.from(members ?? set.members, children);
}

function typeBelow(type: FieldType, step: string): FieldType | undefined {
  if (step.startsWith('f:')) return type.map?.fields.get(step.slice(2)) ?? type.map?.others;
  return type.list?.items;
}

/** What is deduced from values has no list type that could have changed. */
function isOwnedAsWhole(type: FieldType): boolean {
  if (type === DEDUCED || (type.map?.others === DEDUCED && type.map.fields.size === 0)) return false;
  return type.map === undefined ? type.list?.atomic === true : type.map.atomic;
}
