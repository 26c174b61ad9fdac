import {
  invalidValue,
  isTrueAt,
  numberAt,
  objectAt,
  requiredValue,
  textAt,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { matchesSelector } from '../../api/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults, hasCondition } from './conditions.ts';
import { humanDuration } from './human-duration.ts';
import { formatSelector, selectorErrors } from './label-selector.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { podTemplateErrors, restartPolicyErrors } from './pod-validation.ts';
import { unlessNonNegative, unlessOneOf, unlessSame } from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, CONTAINERS, NAME, ageCell, containerCells, nameCell } from './table.ts';

const UID_LABEL = 'batch.kubernetes.io/controller-uid';

/** batch/v1 Job. */
export const job: BuiltInKind = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  namespaced: true,
  strategy: {
    status: () => ({}),
    counts: specChanged,
    // What batch/v1 has done ever since; a client that does not say is warned.
    defaultPropagation: 'Orphan',
    defaults(object) {
      jobSpecDefaults(ensureObject(object, 'spec'));
      podTemplateDefaults(ensureObject(object, 'spec'));
      const labels = objectAt(object, 'spec', 'template', 'metadata', 'labels');
      const metadata = ensureObject(object, 'metadata');
      if (labels !== undefined && objectAt(metadata, 'labels') === undefined)
        metadata['labels'] = { ...labels };
      conditionTimeDefaults(ensureObject(object, 'status'), 'lastProbeTime', 'lastTransitionTime');
    },
    create: generateSelector,
    validate,
    validateUpdate: updateErrors,
  },
  table: {
    columns: [
      NAME,
      { name: 'Status', description: 'Status of the job.' },
      {
        name: 'Completions',
        description:
          'The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.',
      },
      { name: 'Duration', description: 'Time required to complete the job.' },
      AGE,
      ...CONTAINERS,
      {
        name: 'Selector',
        wide: true,
        description:
          'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
      },
    ],
    cells: (object, now) => [
      nameCell(object),
      statusCell(object),
      completionsCell(object),
      durationCell(object, now),
      ageCell(object, now),
      ...containerCells(objectAt(object, 'spec', 'template', 'spec')),
      formatSelector(objectAt(object, 'spec', 'selector')) || '<none>',
    ],
  },
  fields: { 'status.successful': (object) => String(numberAt(object, 'status', 'succeeded') ?? 0) },
};

function jobSpecDefaults(spec: JsonObject): void {
  const completions = valueAt(spec, 'completions') ?? undefined;
  const parallelism = valueAt(spec, 'parallelism') ?? undefined;
  // A job that counts its pods but says not how many is a work queue.
  if (completions === undefined && parallelism === undefined) setDefault(spec, 'completions', 1);
  setDefault(spec, 'parallelism', 1);
  const perIndex = valueAt(spec, 'backoffLimitPerIndex') !== undefined;
  setDefault(spec, 'backoffLimit', perIndex ? 2 ** 31 - 1 : 6);
  setDefaultText(spec, 'completionMode', 'NonIndexed');
  setDefault(spec, 'suspend', false);
  setDefault(spec, 'manualSelector', false);
  const policy = valueAt(spec, 'podFailurePolicy') === undefined ? 'TerminatingOrFailed' : 'Failed';
  setDefaultText(spec, 'podReplacementPolicy', policy);
}

/** Labels its pods with its own uid, and selects them by it, unless the user chose to do that. */
function generateSelector(object: JsonObject): void {
  const spec = ensureObject(object, 'spec');
  if (isTrueAt(spec, 'manualSelector')) return;
  const uid = textAt(object, 'metadata', 'uid');
  const name = textAt(object, 'metadata', 'name');
  const labels = ensureObject(ensureObject(ensureObject(spec, 'template'), 'metadata'), 'labels');
  for (const [key, value] of [
    ['batch.kubernetes.io/controller-uid', uid],
    ['batch.kubernetes.io/job-name', name],
    ['controller-uid', uid],
    ['job-name', name],
  ] as const) {
    setDefault(labels, key, value);
  }
  const selector = ensureObject(spec, 'selector');
  setDefault(ensureObject(selector, 'matchLabels'), UID_LABEL, uid);
  const metadata = ensureObject(object, 'metadata');
  if (Object.keys(objectAt(metadata, 'labels') ?? {}).length === 0) metadata['labels'] = { ...labels };
}

function validate(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const field = 'spec.template';
  const errors = jobSpecErrors(spec, 'spec');
  const selector = objectAt(spec, 'selector');
  if (selector === undefined) errors.push(requiredValue('spec.selector'));
  else {
    const selectorProblems = selectorErrors('spec.selector', selector);
    errors.push(...selectorProblems);
    const labels = objectAt(spec, 'template', 'metadata', 'labels');
    if (selectorProblems.length === 0 && !matchesSelector(selector, labels)) {
      const detail = '`selector` does not match template `labels`';
      errors.push(invalidValue(`${field}.metadata.labels`, labels ?? null, detail));
    }
  }
  return errors;
}

/** What is wrong with the spec of a job, or of the job that a cron job makes. */
export function jobSpecErrors(spec: JsonObject, field: string): FieldError[] {
  const completions = numberAt(spec, 'completions');
  const mode = textAt(spec, 'completionMode');
  const errors: FieldError[] = [];
  for (const member of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ]) {
    errors.push(...unlessNonNegative(`${field}.${member}`, numberAt(spec, member)));
  }
  errors.push(...unlessOneOf(`${field}.completionMode`, mode, ['NonIndexed', 'Indexed']));
  if (mode === 'Indexed' && completions === undefined) {
    errors.push(requiredValue(`${field}.completions`, 'when completion mode is Indexed'));
  }
  return [
    ...errors,
    ...podTemplateErrors(valueAt(spec, 'template'), `${field}.template`),
    ...endingPolicyErrors(valueAt(spec, 'template'), `${field}.template`),
  ];
}

/** `Always` is what a pod template has by default, and so as good as none. */
function endingPolicyErrors(template: Json | undefined, field: string): FieldError[] {
  const supported = ['OnFailure', 'Never'];
  return textAt(template, 'spec', 'restartPolicy') === 'Always'
    ? [requiredValue(`${field}.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')]
    : restartPolicyErrors(template, field, supported);
}

function updateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const oldSpec = objectAt(old, 'spec') ?? {};
  const fixed = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ];
  const errors = fixed.flatMap((member) =>
    unlessSame(`spec.${member}`, valueAt(spec, member), valueAt(oldSpec, member)),
  );
  if (textAt(spec, 'completionMode') !== 'Indexed') {
    errors.push(
      ...unlessSame('spec.completions', valueAt(spec, 'completions'), valueAt(oldSpec, 'completions')),
    );
  }
  // While it is suspended and was never started, where its pods go may still be said.
  const pending = isTrueAt(oldSpec, 'suspend') && valueAt(old, 'status', 'startTime') === undefined;
  if (!pending) {
    errors.push(...unlessSame('spec.template', valueAt(spec, 'template'), valueAt(oldSpec, 'template')));
  }
  return errors;
}

function statusCell(object: JsonObject): string {
  if (hasCondition(object, 'Complete')) return 'Complete';
  if (hasCondition(object, 'Failed')) return 'Failed';
  if (valueAt(object, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating';
  const others = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'];
  return others.find((type) => hasCondition(object, type)) ?? 'Running';
}

function completionsCell(object: JsonObject): string {
  const succeeded = numberAt(object, 'status', 'succeeded') ?? 0;
  const completions = numberAt(object, 'spec', 'completions');
  if (completions !== undefined) return `${succeeded}/${completions}`;
  const parallelism = numberAt(object, 'spec', 'parallelism') ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell(object: JsonObject, now: number): string {
  const start = Date.parse(textAt(object, 'status', 'startTime'));
  if (Number.isNaN(start)) return '';
  const end = Date.parse(textAt(object, 'status', 'completionTime'));
  return humanDuration((Number.isNaN(end) ? now : end) - start);
}
