import {
  forbiddenValue,
  invalidValue,
  numberAt,
  objectAt,
  sameJson,
  textAt,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults } from './conditions.ts';
import { formatSelector, unlessSameSelector } from './label-selector.ts';
import { ensureObject, setDefault, setDefaultText, setOrRemove } from './members.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { unlessAtMostWhole, unlessCountOrPercent, unlessNonNegative, unlessOneOf } from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, CONTAINERS, NAME, ageCell, containerCells, nameCell } from './table.ts';
import { WORKLOAD_SCALE } from './workload-scale.ts';
import { templateErrors, workloadSelectorErrors } from './workload-validation.ts';

/** apps/v1 Deployment. */
export const deployment: BuiltInKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  scale: WORKLOAD_SCALE,
  strategy: {
    status: () => ({}),
    // Annotations reach the ReplicaSets, so that a change of one is work for the controller.
    counts: (object, old) => specChanged(object, old) || !sameJson(annotationsOf(object), annotationsOf(old)),
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      setDefault(spec, 'replicas', 1);
      const strategy = ensureObject(spec, 'strategy');
      setDefaultText(strategy, 'type', 'RollingUpdate');
      if (textAt(strategy, 'type') === 'RollingUpdate') {
        const rolling = ensureObject(strategy, 'rollingUpdate');
        setDefault(rolling, 'maxUnavailable', '25%');
        setDefault(rolling, 'maxSurge', '25%');
      }
      setDefault(spec, 'revisionHistoryLimit', 10);
      setDefault(spec, 'progressDeadlineSeconds', 600);
      podTemplateDefaults(spec);
      conditionTimeDefaults(ensureObject(object, 'status'), 'lastUpdateTime', 'lastTransitionTime');
    },
    validate,
    validateUpdate: (object, old) => unlessSameSelector('spec.selector', object, old),
    statusUpdate(object, old) {
      setOrRemove(ensureObject(object, 'metadata'), 'labels', valueAt(old, 'metadata', 'labels'));
    },
  },
  table: {
    columns: [
      NAME,
      { name: 'Ready', description: 'Number of the pod with ready state' },
      { name: 'Up-to-date', field: 'status.updatedReplicas' },
      { name: 'Available', field: 'status.availableReplicas' },
      AGE,
      ...CONTAINERS,
      { name: 'Selector', field: 'spec.selector', wide: true },
    ],
    cells: (object, now) => [
      nameCell(object),
      `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
      numberAt(object, 'status', 'updatedReplicas') ?? 0,
      numberAt(object, 'status', 'availableReplicas') ?? 0,
      ageCell(object, now),
      ...containerCells(objectAt(object, 'spec', 'template', 'spec')),
      formatSelector(objectAt(object, 'spec', 'selector')),
    ],
  },
};

function annotationsOf(object: JsonObject): JsonObject {
  return objectAt(object, 'metadata', 'annotations') ?? {};
}

function validate(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const seconds = numberAt(spec, 'minReadySeconds') ?? 0;
  const deadline = numberAt(spec, 'progressDeadlineSeconds');
  return [
    ...unlessNonNegative('spec.replicas', numberAt(spec, 'replicas')),
    ...workloadSelectorErrors(spec, 'deployment'),
    ...templateErrors(spec, 'Deployment', ['Always']),
    ...rolloutErrors(objectAt(spec, 'strategy') ?? {}),
    ...unlessNonNegative('spec.minReadySeconds', seconds),
    ...unlessNonNegative('spec.revisionHistoryLimit', numberAt(spec, 'revisionHistoryLimit')),
    ...unlessNonNegative('spec.progressDeadlineSeconds', deadline),
    ...(deadline !== undefined && deadline <= seconds
      ? [invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
      : []),
  ];
}

function rolloutErrors(strategy: JsonObject): FieldError[] {
  const type = textAt(strategy, 'type');
  const rolling = objectAt(strategy, 'rollingUpdate');
  if (type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    return rolling === undefined ? [] : [forbiddenValue('spec.strategy.rollingUpdate', detail)];
  }
  if (type !== 'RollingUpdate') return unlessOneOf('spec.strategy.type', type, ['Recreate', 'RollingUpdate']);
  const field = 'spec.strategy.rollingUpdate';
  const unavailable = valueAt(rolling, 'maxUnavailable');
  const surge = valueAt(rolling, 'maxSurge');
  return [
    ...unlessCountOrPercent(`${field}.maxUnavailable`, unavailable),
    ...unlessCountOrPercent(`${field}.maxSurge`, surge),
    ...(isNone(unavailable) && isNone(surge)
      ? [invalidValue(`${field}.maxUnavailable`, unavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...unlessAtMostWhole(`${field}.maxUnavailable`, unavailable),
  ];
}

function isNone(limit: Json | undefined): boolean {
  return limit === 0 || limit === '0%';
}
