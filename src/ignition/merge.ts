import type { Config } from './config.ts';
import { configSpec, entryKey } from './spec.ts';
import type { Field, StructSpec } from './spec.ts';
import { NEWEST_MINOR, minorOf } from './version.ts';

/**
 * Merges two configs as the real tool does (host-contract §8.4): the child wins member by member where it has one, lists
 * of structs match by key, parent's order first. The result may be invalid: {@link validate} it.
 */
export function merge(parent: Config, child: Config): Config {
  const minor = Math.max(
    minorOf(parent.ignition.version) ?? NEWEST_MINOR,
    minorOf(child.ignition.version) ?? NEWEST_MINOR,
  );
  return mergeStruct(configSpec(minor), parent as never, child as never) as unknown as Config;
}

type Members = Readonly<Record<string, unknown>>;

function mergeStruct(spec: StructSpec, parent: Members, child: Members): Members {
  const owners = ownersOf(spec, child);
  const merged: Record<string, unknown> = {};
  for (const field of spec.fields) {
    const { name } = field;
    const value =
      field.list === true
        ? mergeLists(field, listOf(parent, name), listOf(child, name), owners)
        : mergeMember(field, parent[name], child[name]);
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

function mergeMember(field: Field, parent: unknown, child: unknown): unknown {
  if (child === undefined) return parent;
  if (parent === undefined || field.of === undefined) return child;
  return mergeStruct(field.of, parent as Members, child as Members);
}

interface Owner {
  readonly list: string;
  readonly entry: unknown;
}

/** Which list of the child holds a key; lists that share their keys are one, and the last entry of a key counts. */
function ownersOf(spec: StructSpec, child: Members): ReadonlyMap<string, Owner> | undefined {
  if (!spec.fields.some((field) => field.list === true)) return undefined;
  const owners = new Map<string, Owner>();
  for (const field of spec.fields) {
    if (field.list !== true || field.repeats === true) continue;
    for (const entry of listOf(child, field.name)) {
      owners.set(ownerKey(field, entry), { list: field.name, entry });
    }
  }
  return owners;
}

function ownerKey(field: Field, entry: unknown): string {
  return `${field.sharedKeys ?? field.name} ${entryKey(field.of, entry)}`;
}

function mergeLists(
  field: Field,
  parent: readonly unknown[],
  child: readonly unknown[],
  owners: ReadonlyMap<string, Owner> | undefined,
): readonly unknown[] | undefined {
  const merged = field.repeats === true ? [...parent, ...child] : mergeKeyed(field, parent, child, owners);
  return merged.length === 0 ? undefined : merged;
}

function mergeKeyed(
  field: Field,
  parent: readonly unknown[],
  child: readonly unknown[],
  owners: ReadonlyMap<string, Owner> | undefined,
): readonly unknown[] {
  const merged: unknown[] = [];
  const parentKeys = new Set<string>();
  for (const entry of parent) {
    parentKeys.add(entryKey(field.of, entry));
    const owner = owners?.get(ownerKey(field, entry));
    if (owner === undefined) merged.push(entry);
    // The same key in a sibling list of the child takes the entry's place there, and removes it here.
    else if (owner.list === field.name && !removesHeader(field, owner.entry))
      merged.push(mergeEntry(field, entry, owner.entry));
  }
  for (const entry of child) {
    if (!parentKeys.has(entryKey(field.of, entry))) merged.push(entry);
  }
  return merged;
}

function mergeEntry(field: Field, parent: unknown, child: unknown): unknown {
  return field.of === undefined ? child : mergeStruct(field.of, parent as Members, child as Members);
}

/** A header without a value removes the parent's header of that name. */
function removesHeader(field: Field, entry: unknown): boolean {
  return field.name === 'httpHeaders' && (entry as Members)['value'] === undefined;
}

function listOf(value: Members, name: string): readonly unknown[] {
  return (value[name] as readonly unknown[] | undefined) ?? [];
}
