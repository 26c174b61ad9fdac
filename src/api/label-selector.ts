import { listAt, objectAt, textAt, textsAt, type JsonObject } from '../schema/index.ts';
import { labelValueProblem, qualifiedNameProblem } from './names.ts';
import type { FieldProblem } from './api-error.ts';
import type { LabelSelector } from './definitions/label-selector.ts';
import type { FieldPath } from './field-path.ts';
import { ObjectReader, Problems } from './object-reader.ts';

type LabelSelectorRequirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** Whether the selector asks for nothing in particular, so that it matches every object. */
export function isEmptySelector(selector: LabelSelector | JsonObject): boolean {
  return (
    Object.keys(objectAt(asJson(selector), 'matchLabels') ?? {}).length === 0 &&
    listAt(asJson(selector), 'matchExpressions').length === 0
  );
}

/**
 * Whether labels satisfy a selector, as Kubernetes has it: no selector matches nothing, an empty one everything; `NotIn` also
 * matches an object that lacks the label. One that Kubernetes could not use (k8s.io/apimachinery LabelSelectorAsSelector)
 * matches nothing: schemas let any operator, key and value through.
 */
export function matchesSelector(
  selector: LabelSelector | JsonObject | undefined,
  labels: Readonly<Record<string, unknown>> | undefined,
): boolean {
  if (selector === undefined) return false;
  const present = new Map(Object.entries(labels ?? {}));
  for (const [key, value] of Object.entries(objectAt(asJson(selector), 'matchLabels') ?? {})) {
    if (present.get(key) !== value) return false;
  }
  return listAt(asJson(selector), 'matchExpressions').every((requirement) => {
    const key = textAt(requirement, 'key');
    const values = textsAt(requirement, 'values');
    return (
      matches(textAt(requirement, 'operator'), values, present.get(key)) &&
      qualifiedNameProblem(key) === undefined &&
      values.every((value) => labelValueProblem(value) === undefined)
    );
  });
}

/** A LabelSelector is JSON whose type says more of it. */
function asJson(selector: LabelSelector | JsonObject): JsonObject {
  return selector as JsonObject;
}

function matches(operator: string, values: readonly string[], value: unknown): boolean {
  switch (operator) {
    case 'In':
      return typeof value === 'string' && values.includes(value);
    case 'NotIn':
      return values.length > 0 && !(typeof value === 'string' && values.includes(value));
    case 'Exists':
      return values.length === 0 && value !== undefined;
    case 'DoesNotExist':
      return values.length === 0 && value === undefined;
    default:
      return false;
  }
}

/** What is wrong with a selector that {@link matchesSelector} takes for one that matches nothing; `path` is where it stands. */
export function labelSelectorProblems(
  selector: LabelSelector | JsonObject,
  path: readonly [...FieldPath, string],
): readonly FieldProblem[] {
  const problems = new Problems();
  const key = String(path.at(-1));
  const parent = ObjectReader.of({ [key]: selector }, path.slice(0, -1), problems);
  if (parent !== undefined) readLabelSelector(parent, key);
  return problems.found;
}

/** Reads the selector in member `key`, with the checks that Kubernetes makes when it uses one. */
export function readLabelSelector(parent: ObjectReader, key: string): LabelSelector | undefined {
  const selector = parent.object(key);
  if (selector === undefined) return undefined;
  const matchLabels = selector.stringMap('matchLabels');
  for (const [label, value] of Object.entries(matchLabels ?? {})) {
    const problem = qualifiedNameProblem(label) ?? labelValueProblem(value);
    if (problem !== undefined) selector.problems.add([...selector.field('matchLabels'), label], problem);
  }
  const matchExpressions = selector.objects('matchExpressions', readRequirement);
  selector.end();
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined ? {} : { matchExpressions }),
  };
}

function readRequirement(requirement: ObjectReader): LabelSelectorRequirement {
  const key = requirement.requiredString('key', qualifiedNameProblem);
  const operator = requirement.requiredOneOf('operator', ['In', 'NotIn', 'Exists', 'DoesNotExist']);
  const values = requirement.strings('values') ?? [];
  const { problems } = requirement;
  // Of an operator that there is not, nobody knows what values it takes.
  if (requirement.value('operator') !== operator) return { key, operator, values };
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    problems.add(requirement.field('values'), `must not be empty for the operator ${operator}`);
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    problems.add(requirement.field('values'), `must be empty for the operator ${operator}`);
  }
  for (const [index, value] of values.entries()) {
    const problem = labelValueProblem(value);
    if (problem !== undefined) problems.add([...requirement.field('values'), index], problem);
  }
  return { key, operator, values };
}
