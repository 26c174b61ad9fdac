import {
  forbiddenValue,
  invalidValue,
  labelValueProblems,
  objectAt,
  objectsAt,
  qualifiedNameProblems,
  requiredValue,
  sameJson,
  textAt,
  textsAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { compareText } from '../../ignition/index.ts';
import { inOrder } from './members.ts';
import { labelErrors } from './metadata.ts';
import { invalidFor, invalidStruct } from './problems.ts';

/** A LabelSelector in the form of a query, as tables and Scale show it: `app=web,tier in (a,b),!old`; '' if empty. */
export function formatSelector(selector: JsonObject | undefined): string {
  const parts: [string, string][] = pairs(objectAt(selector, 'matchLabels'));
  for (const requirement of objectsAt(selector, 'matchExpressions')) {
    const key = textAt(requirement, 'key');
    parts.push([key, formatRequirement(key, requirement)]);
  }
  return parts
    .sort(([left], [right]) => compareText(left, right))
    .map(([, text]) => text)
    .join(',');
}

/** A map of labels as tables show it: `a=b,c=d`; `<none>` if empty. */
export function formatLabels(labels: JsonObject | undefined): string {
  const parts = pairs(labels).map(([, text]) => text);
  return parts.length === 0 ? '<none>' : parts.sort(compareText).join(',');
}

/** What is wrong with a LabelSelector (ValidateLabelSelector). */
export function selectorErrors(field: string, selector: Json | undefined): FieldError[] {
  const errors = labelErrors(`${field}.matchLabels`, objectAt(selector, 'matchLabels'));
  for (const [index, requirement] of objectsAt(selector, 'matchExpressions').entries()) {
    errors.push(...requirementErrors(`${field}.matchExpressions[${index}]`, requirement));
  }
  return errors;
}

/** A LabelSelector as error messages show it: labels in order, and the members of each part as the Go type has them. */
export function printedSelector(selector: JsonObject): JsonObject {
  const labels = objectAt(selector, 'matchLabels');
  const expressions = objectsAt(selector, 'matchExpressions');
  return {
    ...(labels === undefined ? {} : { matchLabels: inOrder(labels, Object.keys(labels).sort(compareText)) }),
    ...(expressions.length === 0
      ? {}
      : { matchExpressions: expressions.map((item) => inOrder(item, ['key', 'operator', 'values'])) }),
  };
}

/** An error where a selector that may not change did. */
export function unlessSameSelector(field: string, object: JsonObject, old: JsonObject): FieldError[] {
  const path = field.split('.');
  const selector = objectAt(object, ...path);
  if (sameJson(selector, objectAt(old, ...path))) return [];
  const value = selector === undefined ? null : printedSelector(selector);
  return [invalidStruct(field, value, 'field is immutable')];
}

/** Each label as its key and `key=value`. */
function pairs(labels: JsonObject | undefined): [string, string][] {
  return Object.keys(labels ?? {}).map((key) => [key, `${key}=${textAt(labels, key)}`]);
}

function formatRequirement(key: string, requirement: JsonObject): string {
  const values = textsAt(requirement, 'values').sort(compareText).join(',');
  switch (textAt(requirement, 'operator')) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'Exists':
      return key;
    default:
      return `!${key}`;
  }
}

function requirementErrors(field: string, requirement: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const key = textAt(requirement, 'key');
  const operator = textAt(requirement, 'operator');
  const values = textsAt(requirement, 'values');
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(requiredValue(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.push(
        forbiddenValue(
          `${field}.values`,
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
      );
    }
  } else {
    errors.push(invalidValue(`${field}.operator`, operator, 'not a valid selector operator'));
  }
  errors.push(...invalidFor(`${field}.key`, key, qualifiedNameProblems(key)));
  for (const [index, value] of values.entries()) {
    errors.push(...invalidFor(`${field}.values[${index}]`, value, labelValueProblems(value)));
  }
  return errors;
}
