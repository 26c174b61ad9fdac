import type { Config } from './config.ts';
import { configSpec } from './spec.ts';
import type { StructSpec } from './spec.ts';
import { NEWEST_MINOR, minorOf } from './version.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * The config as canonical JSON: members in the order of the spec; null, empty lists and empty structs left out, as the
 * real tool writes it. Parsing the result gives the same config.
 */
export function prune(config: Config): JsonObject {
  const minor = minorOf(config.ignition.version) ?? NEWEST_MINOR;
  return pruneStruct(configSpec(minor), config);
}

function pruneStruct(spec: StructSpec, value: unknown): JsonObject {
  const members = value as Readonly<Record<string, unknown>>;
  const pruned: Record<string, JsonValue> = {};
  for (const field of spec.fields) {
    const member = members[field.name];
    if (member === undefined || member === null) continue;
    const { of } = field;
    let kept = member as JsonValue;
    if (Array.isArray(member)) {
      const entries = member as readonly unknown[];
      kept = entries.map((entry) => (of === undefined ? (entry as JsonValue) : pruneStruct(of, entry)));
      if (kept.length === 0) continue;
    } else if (of !== undefined) {
      kept = pruneStruct(of, member);
      if (Object.keys(kept).length === 0 && field.nullable !== true) continue;
    }
    pruned[field.name] = kept;
  }
  return pruned;
}
