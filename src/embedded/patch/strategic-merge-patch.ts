import {
  copyJson,
  copyObject,
  isJsonObject,
  memberOf,
  setMember,
  goJsonKind,
  goType,
  printGoValue,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { orderItems } from './element-order.ts';
import { PatchError } from './patch-error.ts';
import {
  checkAgainstOrder,
  DELETE_FROM_LIST,
  DIRECTIVE,
  listStrategyOf,
  mapStrategyOf,
  memberSchema,
  ORDER,
  RETAIN_KEYS,
  withoutDirectives,
  withoutNullMembers,
  type ListStrategy,
} from './strategic-directives.ts';

/**
 * Applies a strategic merge patch, as k8s.io/apimachinery's strategicpatch package does for built-in kinds: a merge patch in
 * which lists with the patch strategy `merge` are merged by their merge key (or, of scalars, as sets), steered by `$patch`,
 * `$deleteFromPrimitiveList/…`, `$setElementOrder/…` and `$retainKeys`. Members that the schema does not know merge like
 * those without a strategy. Neither argument is changed. Throws PatchError `malformed` or `not-mergeable`.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: Json, schema: Schema): JsonObject {
  if (!isJsonObject(patch)) {
    const problem = `json: cannot unmarshal ${goJsonKind(patch)} into Go value of type map[string]interface {}`;
    throw new PatchError('malformed', problem);
  }
  return mergeObject(copyObject(document), copyObject(patch), schema);
}

function mergeObject(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = memberOf(patch, DIRECTIVE);
  if (directive === 'delete') return {};
  if (directive === 'replace') {
    delete patch[DIRECTIVE];
    return patch;
  }
  if (directive !== undefined) throw unknownDirective(directive, patch);
  retainKeys(target, patch);
  mergeOrderedLists(target, patch, schema);
  for (const key of Object.keys(patch)) {
    const value = memberOf(patch, key) ?? null;
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(target, nameAfter(key, DELETE_FROM_LIST), value);
    else if (value === null) delete target[key];
    else mergeMember(target, key, value, memberSchema(schema, key));
  }
  return target;
}

function mergeMember(target: JsonObject, key: string, value: Json, schema: Schema | undefined): void {
  const current = memberOf(target, key) ?? null;
  if (isJsonObject(current) && isJsonObject(value)) {
    const replaces = mapStrategyOf(schema) === 'replace';
    setMember(target, key, replaces ? value : mergeObject(current, value, schema));
  } else if (Array.isArray(current) && Array.isArray(value)) {
    setMember(target, key, mergeList(current, value, listStrategyOf(schema)));
  } else {
    const kept = withoutDirectives(withoutNullMembers(value));
    if (kept === undefined) delete target[key];
    else setMember(target, key, kept);
  }
}

/** `$retainKeys`: every key of the target that is not listed goes, and the patch may set only listed ones. */
function retainKeys(target: JsonObject, patch: JsonObject): void {
  const listed = memberOf(patch, RETAIN_KEYS);
  if (listed === undefined) return;
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(listed)) throw new PatchError('malformed', 'invalid patch format of retainKeys');
  const retained = new Set(listed);
  for (const key of Object.keys(patch)) {
    if (memberOf(patch, key) === null || key.startsWith(DELETE_FROM_LIST) || key.startsWith(ORDER)) continue;
    if (!retained.has(key)) throw new PatchError('malformed', 'invalid patch format of retainKeys');
  }
  for (const key of Object.keys(target)) if (!retained.has(key)) delete target[key];
}

/** `$setElementOrder/x`: merges the list `x` of the patch, if there is one, and brings the result into that order. */
function mergeOrderedLists(target: JsonObject, patch: JsonObject, schema: Schema | undefined): void {
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(ORDER)) continue;
    const order = listOf(memberOf(patch, directive) ?? null);
    delete patch[directive];
    const key = nameAfter(directive, ORDER);
    const current = optionalListOf(memberOf(target, key));
    const added = optionalListOf(memberOf(patch, key));
    const strategy = listStrategyOf(memberSchema(schema, key));
    checkAgainstOrder(added ?? [], order, strategy.mergeKey);
    delete patch[key];
    if (current === undefined && added === undefined) continue;
    const merged =
      current !== undefined && added !== undefined
        ? mergeList(current, added, strategy)
        : (current ?? (withoutDirectives(added ?? []) as Json[]));
    setMember(target, key, orderItems(merged, order, current ?? [], strategy.mergeKey));
  }
}

/** Takes a list of scalars out of another; nothing happens where there is no such list. */
function deleteFromList(target: JsonObject, key: string, unwanted: Json): void {
  const current = memberOf(target, key);
  if (unwanted === null) {
    delete target[key];
  } else if (Array.isArray(current) && Array.isArray(unwanted)) {
    const gone = new Set(unwanted);
    setMember(
      target,
      key,
      current.filter((item) => !gone.has(item)),
    );
  }
}

function mergeList(current: Json[], patch: Json[], strategy: ListStrategy): Json[] {
  if (!strategy.merges) return patch;
  if (current.length === 0 && patch.length === 0) return current;
  if (!holdsObjects(current, patch)) {
    return orderItems([...new Set([...current, ...patch])], patch, current, '');
  }
  if (strategy.mergeKey === '') {
    throw new PatchError('not-mergeable', 'cannot merge lists without merge key for type struct');
  }
  return mergeObjects(current as JsonObject[], patch as JsonObject[], strategy);
}

function mergeObjects(current: JsonObject[], patch: JsonObject[], strategy: ListStrategy): Json[] {
  const { mergeKey } = strategy;
  const ordinary = patch.filter((item) => !Object.hasOwn(item, DIRECTIVE));
  const deleted = new Set<Json>();
  let replaces = false;
  for (const item of patch) {
    const directive = memberOf(item, DIRECTIVE);
    if (directive === undefined) continue;
    if (directive === 'delete') deleted.add(keyOf(item, mergeKey));
    else if (directive === 'replace') replaces = true;
    else if (directive === 'merge') {
      throw new PatchError('not-mergeable', 'merging lists cannot yet be specified in the patch');
    } else throw unknownDirective(directive, item);
  }
  if (replaces) return ordinary;
  const kept = current.filter((item) => !deleted.has(memberOf(item, mergeKey) ?? null));
  const merged: JsonObject[] = [...kept];
  const places = new Map<Json, number>();
  for (const [index, item] of kept.entries()) {
    const key = keyOf(item, mergeKey);
    if (!places.has(key)) places.set(key, index);
  }
  for (const item of ordinary) {
    const key = keyOf(item, mergeKey);
    const place = places.get(key);
    const old = place === undefined ? undefined : merged[place];
    if (place === undefined || old === undefined) {
      places.set(key, merged.length);
      merged.push((withoutDirectives(item) ?? {}) as JsonObject);
    } else {
      merged[place] = mergeObject(old, item, strategy.items);
    }
  }
  return orderItems(merged, ordinary, kept, mergeKey);
}

/** Whether the lists hold objects; all items of both must be of one type. */
function holdsObjects(...lists: readonly (readonly Json[])[]): boolean {
  let type: string | undefined;
  for (const item of lists.flat(1)) {
    if (Array.isArray(item)) throw new PatchError('not-mergeable', 'lists of lists are not supported');
    type ??= typeOf(item);
    if (typeOf(item) !== type) {
      const printed = lists.map((list) => printGoValue([...list])).join(' ');
      throw new PatchError('not-mergeable', `list element types are not identical: [${printed}]`);
    }
  }
  return type === 'object';
}

function typeOf(item: Json): string {
  return item === null ? 'null' : typeof item;
}

function keyOf(item: JsonObject, mergeKey: string): Json {
  const key = memberOf(item, mergeKey);
  if (key !== undefined) return key;
  const problem = `map: ${printGoValue(item)} does not contain declared merge key: ${mergeKey}`;
  throw new PatchError('not-mergeable', problem);
}

function nameAfter(key: string, prefix: string): string {
  const name = key.slice(prefix.length);
  if (name.startsWith('/')) return name.slice(1);
  const what = prefix === ORDER ? 'setElementOrder list' : 'primitive list';
  throw new PatchError('malformed', `invalid patch format of ${what}`);
}

function listOf(value: Json): Json[] {
  if (Array.isArray(value)) return copyJson(value) as Json[];
  throw new PatchError('not-mergeable', `expected a []interface {}, but received a ${goType(value)}`);
}

function optionalListOf(value: Json | undefined): Json[] | undefined {
  return value === undefined ? undefined : listOf(value);
}

function unknownDirective(directive: Json, patch: JsonObject): PatchError {
  const problem = `unknown patch type: ${printGoValue(directive)} in map: ${printGoValue(patch)}`;
  return new PatchError('not-mergeable', problem);
}
