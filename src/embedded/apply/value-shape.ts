import { memberOf, goJson, type Json, type JsonObject } from '../../schema/index.ts';
import type { FieldType, ListType, MapType } from './field-type.ts';
import { valueElement, type PathElement } from './path-element.ts';

/** Which of the forms that a type allows a value has. */
export type ValueShape = 'scalar' | 'list' | 'map' | 'none';

/**
 * The form of a value. A null, or a value in a form that the type does not allow, has the first that it does, in the order
 * map, scalar, list (structured-merge-diff's deduceAtom and handleAtom).
 */
export function shapeOf(type: FieldType, value: Json | undefined): ValueShape {
  if (value !== null && value !== undefined) {
    if (typeof value !== 'object') {
      if (type.scalar !== undefined) return 'scalar';
    } else if (Array.isArray(value)) {
      if (type.list !== undefined) return 'list';
    } else if (type.map !== undefined) return 'map';
  }
  if (type.map !== undefined) return 'map';
  if (type.scalar !== undefined) return 'scalar';
  return type.list === undefined ? 'none' : 'list';
}

/** The type of an object's member; undefined where there may be none of this name. */
export function memberType(map: MapType, name: string): FieldType | undefined {
  return map.fields.get(name) ?? map.others;
}

/** The step to an item of a list that is not atomic; where it has none, why. */
export function itemElement(
  list: ListType,
  item: Json,
): { readonly step: PathElement } | { readonly problem: string } {
  if (list.keys.length > 0) return keyedElement(list, item);
  if (item === null) {
    return { problem: "associative list without keys has an element that's an explicit null" };
  }
  if (typeof item !== 'object') return { step: valueElement(item) };
  return {
    problem: Array.isArray(item)
      ? 'not supported: associative list with lists as elements'
      : "associative list without keys has an element that's a map type",
  };
}

/** The step to an item, undefined if it has none. */
export function stepOf(list: ListType, item: Json): PathElement | undefined {
  const element = itemElement(list, item);
  return 'step' in element ? element.step : undefined;
}

function keyedElement(list: ListType, item: Json): ReturnType<typeof itemElement> {
  if (item === null) return { problem: 'associative list with keys may not have a null element' };
  if (typeof item !== 'object' || Array.isArray(item)) {
    return { problem: 'associative list with keys may not have non-map elements' };
  }
  let text = '';
  for (const { name, fallback } of list.keys) {
    const value = keyText(item, name) ?? fallback;
    if (value === undefined) {
      const missing = `has an element that omits key field ${JSON.stringify(name)}`;
      return { problem: `associative list with keys ${missing} (and doesn't have default value)` };
    }
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`;
  }
  return { step: `k:{${text}}` };
}

function keyText(item: JsonObject, name: string): string | undefined {
  const value = memberOf(item, name);
  return value === undefined ? undefined : goJson(value);
}
