import { forbiddenValue, invalidValue, objectAt, requiredValue, valueAt } from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { isEmptySelector, matchesSelector } from '../../api/index.ts';
import { printedSelector, selectorErrors } from './label-selector.ts';
import { invalidStruct } from './problems.ts';
import { podTemplateErrors, restartPolicyErrors } from './pod-validation.ts';

/** What is wrong with the selector of a workload (`deployment`, `daemonset`): it must ask for something. */
export function workloadSelectorErrors(spec: JsonObject, workload: string): FieldError[] {
  const selector = objectAt(spec, 'selector');
  if (selector === undefined) return [requiredValue('spec.selector')];
  const errors = selectorErrors('spec.selector', selector);
  if (isEmptySelector(selector)) {
    errors.push(
      invalidStruct('spec.selector', printedSelector(selector), `empty selector is invalid for ${workload}`),
    );
  }
  return errors;
}

/**
 * What is wrong with the pods that a workload makes: that they do not satisfy its selector, or are no pods that run for ever.
 */
export function templateErrors(
  spec: JsonObject,
  kind: string,
  restartPolicies: readonly string[],
): FieldError[] {
  const field = 'spec.template';
  const template = objectAt(spec, 'template') ?? {};
  const selector = objectAt(spec, 'selector');
  const labels = objectAt(template, 'metadata', 'labels');
  const errors: FieldError[] = [];
  // No selector at all selects nothing; one that is wrong itself says nothing of the labels.
  const isWrong = selector !== undefined && selectorErrors('', selector).length > 0;
  if (!isWrong && !(selector !== undefined && matchesSelector(selector, labels))) {
    const detail = '`selector` does not match template `labels`';
    errors.push(invalidValue(`${field}.metadata.labels`, labels ?? null, detail));
  }
  errors.push(
    ...podTemplateErrors(template, field),
    ...restartPolicyErrors(template, field, restartPolicies),
  );
  if (valueAt(template, 'spec', 'activeDeadlineSeconds') !== undefined) {
    errors.push(
      forbiddenValue(
        `${field}.spec.activeDeadlineSeconds`,
        `activeDeadlineSeconds in ${kind} is not Supported`,
      ),
    );
  }
  return errors;
}
