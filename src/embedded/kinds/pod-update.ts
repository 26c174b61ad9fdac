import {
  forbiddenValue,
  invalidValue,
  listAt,
  numberAt,
  objectAt,
  objectsAt,
  sameJson,
  textAt,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { isJsonObject } from '../../schema/index.ts';
import { podSpecText } from './pod-spec-text.ts';
import { unifiedDiff } from './unified-diff.ts';
import { imageErrors, tolerationErrors } from './container-validation.ts';
import { setOrRemove } from './members.ts';

const FIXED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** What an update may not change of a pod's spec (ValidatePodUpdate). */
export function podSpecUpdateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const oldSpec = objectAt(old, 'spec') ?? {};
  const errors: FieldError[] = [];
  for (const members of ['containers', 'initContainers']) {
    if (objectsAt(spec, members).length !== objectsAt(oldSpec, members).length) {
      return [forbiddenValue(`spec.${members}`, 'pod updates may not add or remove containers')];
    }
  }
  for (const members of ['containers', 'initContainers']) {
    for (const [index, container] of objectsAt(spec, members).entries()) {
      errors.push(...imageErrors(textAt(container, 'image'), `spec.${members}[${index}].image`));
    }
  }
  errors.push(...deadlineErrors(spec, oldSpec));
  const missing = listAt(oldSpec, 'tolerations').some(
    (toleration) => !listAt(spec, 'tolerations').some((kept) => sameToleration(kept, toleration)),
  );
  if (missing) {
    errors.push(
      forbiddenValue(
        'spec.tolerations',
        'existing toleration can not be modified except its tolerationSeconds',
      ),
    );
  }
  for (const [index, toleration] of objectsAt(spec, 'tolerations').entries()) {
    errors.push(...tolerationErrors(toleration, `spec.tolerations[${index}]`));
  }
  const changed = withChangeable(spec, oldSpec);
  if (!sameJson(changed, oldSpec)) {
    const difference = unifiedDiff(podSpecText(oldSpec), podSpecText(changed));
    errors.push(forbiddenValue('spec', `${FIXED}\n${difference}`));
  }
  return errors;
}

function deadlineErrors(spec: JsonObject, oldSpec: JsonObject): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  const deadline = numberAt(spec, 'activeDeadlineSeconds');
  const before = numberAt(oldSpec, 'activeDeadlineSeconds');
  if (deadline === undefined) {
    return before === undefined
      ? []
      : [invalidValue(field, null, 'must not update from a positive integer to nil value')];
  }
  return before !== undefined && deadline > before
    ? [invalidValue(field, deadline, 'must be less than or equal to previous value')]
    : [];
}

function sameToleration(left: unknown, right: unknown): boolean {
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  return ['key', 'operator', 'value', 'effect'].every(
    (member) => textAt(left, member) === textAt(right, member),
  );
}

/** The new spec with everything that may change as it was. */
function withChangeable(spec: JsonObject, oldSpec: JsonObject): JsonObject {
  const copy: JsonObject = { ...spec };
  for (const members of ['containers', 'initContainers']) {
    const before = objectsAt(oldSpec, members);
    if (before.length === 0) continue;
    copy[members] = objectsAt(spec, members).map((container, index) => {
      const image = valueAt(before[index], 'image');
      const { image: _, ...rest } = container;
      return image === undefined ? rest : Object.assign(rest, { image });
    });
  }
  for (const member of ['activeDeadlineSeconds', 'tolerations']) {
    setOrRemove(copy, member, valueAt(oldSpec, member));
  }
  const negative = (numberAt(oldSpec, 'terminationGracePeriodSeconds') ?? 0) < 0;
  if (negative && numberAt(spec, 'terminationGracePeriodSeconds') === 1) {
    setOrRemove(copy, 'terminationGracePeriodSeconds', valueAt(oldSpec, 'terminationGracePeriodSeconds'));
  }
  // Gates may be taken away, not put up.
  const gates = new Set(objectsAt(oldSpec, 'schedulingGates').map((gate) => textAt(gate, 'name')));
  if (objectsAt(spec, 'schedulingGates').every((gate) => gates.has(textAt(gate, 'name')))) {
    setOrRemove(copy, 'schedulingGates', valueAt(oldSpec, 'schedulingGates'));
  }
  return copy;
}
