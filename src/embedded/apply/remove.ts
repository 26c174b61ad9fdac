import { isJsonObject, memberOf, setMember, type Json, type JsonObject } from '../../schema/index.ts';
import type { FieldSet } from './field-set.ts';
import { DEDUCED, type FieldType } from './field-type.ts';
import { fieldElement } from './path-element.ts';
import { memberType, shapeOf, stepOf } from './value-shape.ts';

/**
 * An object without the paths of a set (structured-merge-diff, typed/remove.go). A container that loses everything, but is
 * not itself in the set, is left as null. The result may share parts with the object.
 */
export function removeFields(type: FieldType, object: JsonObject, unwanted: FieldSet): JsonObject {
  if (unwanted.isEmpty) return object;
  const result = removeFrom(type, object, unwanted);
  return isJsonObject(result) ? result : {};
}

function removeFrom(type: FieldType, value: Json, unwanted: FieldSet): Json {
  const shape = shapeOf(type, value);
  if (shape === 'map') {
    if (type.map === undefined || type.map.atomic || !isJsonObject(value)) return null;
    const kept: JsonObject = {};
    let isEmpty = true;
    for (const name of Object.keys(value)) {
      const step = fieldElement(name);
      if (unwanted.has(step)) continue;
      const below = unwanted.below(step);
      const member = memberOf(value, name) ?? null;
      const left =
        below === undefined ? member : removeFrom(memberType(type.map, name) ?? DEDUCED, member, below);
      setMember(kept, name, left);
      isEmpty = false;
    }
    return isEmpty ? null : kept;
  }
  if (shape === 'list') {
    if (type.list === undefined || type.list.atomic || !Array.isArray(value)) return null;
    const kept: Json[] = [];
    for (const item of value) {
      const step = stepOf(type.list, item);
      if (step !== undefined && unwanted.has(step)) continue;
      const below = step === undefined ? undefined : unwanted.below(step);
      kept.push(below === undefined ? item : removeFrom(type.list.items, item, below));
    }
    return kept.length === 0 ? null : kept;
  }
  return value;
}
