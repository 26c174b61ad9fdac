import { isJsonObject, memberOf, type Json, type JsonObject } from '../../schema/index.ts';
import { FieldSet } from './field-set.ts';
import { DEDUCED, type FieldType } from './field-type.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import { memberType, shapeOf, stepOf } from './value-shape.ts';

/**
 * What an applied object owns (structured-merge-diff, typed/tofieldset.go): its scalars, its atomic lists and objects, the
 * items of its other lists, and what is null or empty. A declared object or list that has something in it is not owned itself.
 */
export function fieldsOf(type: FieldType, value: JsonObject): FieldSet {
  const set = new FieldSet();
  collect(type, value, [], set);
  return set;
}

function collect(type: FieldType, value: Json, path: PathElement[], set: FieldSet): void {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map?.atomic === false) {
    if (!isJsonObject(value)) return;
    for (const name of Object.keys(value)) {
      const member = memberOf(value, name) ?? null;
      path.push(fieldElement(name));
      collect(memberType(type.map, name) ?? DEDUCED, member, path, set);
      const isEmpty = member === null || (isJsonObject(member) && Object.keys(member).length === 0);
      if (isEmpty || !type.map.fields.has(name)) set.insert(path);
      path.pop();
    }
  } else if (shape === 'list' && type.list?.atomic === false) {
    if (!Array.isArray(value)) return;
    const steps = value.map((item) => (type.list === undefined ? undefined : stepOf(type.list, item)));
    const times = new Map<PathElement | undefined, number>();
    for (const step of steps) times.set(step, (times.get(step) ?? 0) + 1);
    for (const [index, step] of steps.entries()) {
      if (step === undefined) continue;
      path.push(step);
      if (times.get(step) === 1) collect(type.list.items, value[index] ?? null, path, set);
      set.insert(path);
      path.pop();
    }
  } else {
    set.insert(path);
  }
}
