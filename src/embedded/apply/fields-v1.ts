import { isJsonObject, memberOf, type Json, type JsonObject } from '../../schema/index.ts';
import { ApplyError } from './apply-error.ts';
import { FieldSet } from './field-set.ts';
import { compareElements, readElement, type PathElement } from './path-element.ts';

/**
 * A set in the form of `fieldsV1`: an object by step, `{}` for a member with nothing below it, `"."` for a member that has.
 * The keys stand in Kubernetes' order.
 */
export function encodeFields(set: FieldSet): JsonObject {
  return encode(set, false);
}

function encode(set: FieldSet, isMember: boolean): JsonObject {
  const result: JsonObject = isMember ? { '.': {} } : {};
  const steps: PathElement[] = [...set.members];
  for (const [step] of set.children) if (!set.has(step)) steps.push(step);
  if (steps.length > 1) steps.sort(compareElements);
  for (const step of steps) {
    const below = set.below(step);
    result[step] = below === undefined ? {} : encode(below, set.has(step));
  }
  return result;
}

/** Reads `fieldsV1`, whoever wrote it. Throws ApplyError `malformed-fields`. */
export function decodeFields(fields: Json | undefined): FieldSet {
  if (fields === undefined || fields === null) return new FieldSet();
  if (!isJsonObject(fields)) throw new ApplyError('malformed-fields', 'error decoding set: not an object');
  const members: PathElement[] = [];
  const children: [PathElement, FieldSet][] = [];
  for (const key of Object.keys(fields)) {
    if (key === '.') continue;
    const step = readElement(key);
    if (step === undefined) continue;
    const value = memberOf(fields, key);
    const below = decodeFields(value);
    if (below.isEmpty || (isJsonObject(value) && Object.hasOwn(value, '.'))) members.push(step);
    children.push([step, below]);
  }
  return FieldSet.from(members, children);
}
