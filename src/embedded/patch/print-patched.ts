import { isJsonObject, memberOf, type Json, type JsonObject } from '../../schema/index.ts';

/**
 * A patched object as kube-apiserver quotes it in errors: compact JSON in which the objects that the patch reached into have
 * their keys in alphabetical order and all others keep the stored order, since evanphx/json-patch decodes only what it has to.
 */
export function printPatched(patched: JsonObject, patch: Json, type: 'json' | 'merge'): string {
  const shown = type === 'merge' ? mergedOrder(patched, patch) : pointedOrder(patched, pointersOf(patch), '');
  return JSON.stringify(shown);
}

function mergedOrder(value: Json, patch: Json): Json {
  if (!isJsonObject(value) || !isJsonObject(patch)) return value;
  const members = Object.keys(value)
    .sort()
    .map((key): [string, Json] => {
      const member = memberOf(value, key) ?? null;
      const change = memberOf(patch, key);
      return [key, change === undefined ? member : mergedOrder(member, change)];
    });
  return Object.fromEntries(members);
}

function pointedOrder(value: Json, reached: ReadonlySet<string>, pointer: string): Json {
  if (typeof value !== 'object' || value === null || !reached.has(pointer)) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => pointedOrder(item, reached, `${pointer}/${index}`));
  }
  const members = Object.keys(value)
    .sort()
    .map((key): [string, Json] => {
      const below = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      return [key, pointedOrder(memberOf(value, key) ?? null, reached, below)];
    });
  return Object.fromEntries(members);
}

/** The pointers to every container that an operation goes through. */
function pointersOf(patch: Json): Set<string> {
  const reached = new Set(['']);
  if (!Array.isArray(patch)) return reached;
  for (const operation of patch) {
    if (!isJsonObject(operation)) continue;
    for (const name of ['path', 'from']) {
      const pointer = memberOf(operation, name);
      if (typeof pointer !== 'string') continue;
      for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
        reached.add(pointer.slice(0, end));
      }
    }
  }
  return reached;
}
