import { objectAt, objectsAt, textAt } from '../../schema/index.ts';
import type { Json, JsonObject } from '../../schema/index.ts';
import { setDefault } from './members.ts';

/** The condition of this type in an object's status; the first, if there are more. */
export function conditionOf(object: JsonObject, type: string): JsonObject | undefined {
  return objectsAt(object, 'status', 'conditions').find((condition) => textAt(condition, 'type') === type);
}

/** Whether an object's status has a condition of this type whose status is `True`. */
export function hasCondition(object: JsonObject, type: string): boolean {
  return objectsAt(object, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
  );
}

/** Puts a condition into an object's status, after the others and in the place of those of its type. */
export function putCondition(object: JsonObject, condition: JsonObject): void {
  const others = objectsAt(object, 'status', 'conditions').filter(({ type }) => type !== condition['type']);
  object['status'] = { ...objectAt(object, 'status'), conditions: [...others, condition] };
}

/** Times that Go sends as null where there is none, since they are structures and not pointers. */
export function conditionTimeDefaults(status: Json | undefined, ...times: readonly string[]): void {
  for (const condition of objectsAt(status, 'conditions')) {
    for (const time of times) setDefault(condition, time, null);
  }
}
