import {
  copyJson,
  copyObject,
  isJsonObject,
  memberOf,
  setMember,
  goJsonKind,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { PatchError } from './patch-error.ts';

/**
 * Applies a merge patch (RFC 7386) as kube-apiserver does: null removes a member, objects merge, everything else replaces.
 * Beyond the RFC, members that are null inside a list's items are dropped too, where the list is new or replaces another
 * (evanphx/json-patch). Neither argument is changed. Throws PatchError `malformed` if the patch is not an object.
 */
export function applyMergePatch(document: JsonObject, patch: Json): JsonObject {
  if (!isJsonObject(patch)) {
    const problem = `json: cannot unmarshal ${goJsonKind(patch)} into Go value of type map[string]interface {}`;
    throw new PatchError('malformed', `error decoding patch: ${problem}`);
  }
  const result = copyObject(document);
  merge(result, patch);
  return result;
}

function merge(target: JsonObject, patch: JsonObject): void {
  for (const key of Object.keys(patch)) {
    const value = memberOf(patch, key) ?? null;
    if (value === null) {
      delete target[key];
      continue;
    }
    const current = memberOf(target, key) ?? null;
    if (isJsonObject(current) && isJsonObject(value)) merge(current, value);
    else setMember(target, key, isJsonObject(current) ? copyJson(value) : withoutNulls(value));
  }
}

/** A deep copy without the members that are null; null items of lists stay. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) {
    const member = memberOf(value, key) ?? null;
    if (member !== null) setMember(copy, key, withoutNulls(member));
  }
  return copy;
}
