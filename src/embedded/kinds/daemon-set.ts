import { invalidValue, numberAt, objectAt, textAt, valueAt } from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults } from './conditions.ts';
import { formatLabels, formatSelector, unlessSameSelector } from './label-selector.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { unlessCountOrPercent, unlessNonNegative, unlessOneOf } from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, CONTAINERS, NAME, ageCell, containerCells, nameCell } from './table.ts';
import { templateErrors, workloadSelectorErrors } from './workload-validation.ts';

const COUNTS = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'];

/** apps/v1 DaemonSet. */
export const daemonSet: BuiltInKind = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  strategy: {
    status: () => Object.fromEntries(COUNTS.map((count) => [count, 0])),
    counts: specChanged,
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      const strategy = ensureObject(spec, 'updateStrategy');
      setDefaultText(strategy, 'type', 'RollingUpdate');
      if (textAt(strategy, 'type') === 'RollingUpdate') {
        const rolling = ensureObject(strategy, 'rollingUpdate');
        setDefault(rolling, 'maxUnavailable', 1);
        setDefault(rolling, 'maxSurge', 0);
      }
      setDefault(spec, 'revisionHistoryLimit', 10);
      podTemplateDefaults(spec);
      const status = ensureObject(object, 'status');
      for (const count of COUNTS) setDefault(status, count, 0);
      conditionTimeDefaults(status, 'lastTransitionTime');
    },
    validate(object) {
      const spec = objectAt(object, 'spec') ?? {};
      return [
        ...workloadSelectorErrors(spec, 'daemonset'),
        ...templateErrors(spec, 'DaemonSet', ['Always']),
        ...unlessNonNegative('spec.minReadySeconds', numberAt(spec, 'minReadySeconds')),
        ...updateStrategyErrors(objectAt(spec, 'updateStrategy') ?? {}),
        ...unlessNonNegative('spec.revisionHistoryLimit', numberAt(spec, 'revisionHistoryLimit')),
      ];
    },
    validateUpdate: (object, old) => unlessSameSelector('spec.selector', object, old),
  },
  table: {
    columns: [
      NAME,
      { name: 'Desired', type: 'integer', field: 'status.desiredNumberScheduled' },
      { name: 'Current', type: 'integer', field: 'status.currentNumberScheduled' },
      { name: 'Ready', type: 'integer', field: 'status.numberReady' },
      { name: 'Up-to-date', type: 'integer', field: 'status.updatedNumberScheduled' },
      { name: 'Available', type: 'integer', field: 'status.numberAvailable' },
      { name: 'Node Selector', field: 'spec.template.spec.nodeSelector' },
      AGE,
      ...CONTAINERS,
      { name: 'Selector', field: 'spec.selector', wide: true },
    ],
    cells: (object, now) => [
      nameCell(object),
      numberAt(object, 'status', 'desiredNumberScheduled') ?? 0,
      numberAt(object, 'status', 'currentNumberScheduled') ?? 0,
      numberAt(object, 'status', 'numberReady') ?? 0,
      numberAt(object, 'status', 'updatedNumberScheduled') ?? 0,
      numberAt(object, 'status', 'numberAvailable') ?? 0,
      formatLabels(objectAt(object, 'spec', 'template', 'spec', 'nodeSelector')),
      ageCell(object, now),
      ...containerCells(objectAt(object, 'spec', 'template', 'spec')),
      formatSelector(objectAt(object, 'spec', 'selector')) || '<none>',
    ],
  },
};

function updateStrategyErrors(strategy: JsonObject): FieldError[] {
  const type = textAt(strategy, 'type');
  if (type !== 'RollingUpdate') {
    return unlessOneOf('spec.updateStrategy.type', type, ['OnDelete', 'RollingUpdate']);
  }
  const field = 'spec.updateStrategy.rollingUpdate';
  const unavailable = valueAt(strategy, 'rollingUpdate', 'maxUnavailable');
  const surge = valueAt(strategy, 'rollingUpdate', 'maxSurge');
  const surges = surge !== 0 && surge !== '0%';
  const replaces = unavailable !== 0 && unavailable !== '0%';
  const errors = [
    ...unlessCountOrPercent(`${field}.maxUnavailable`, unavailable),
    ...unlessCountOrPercent(`${field}.maxSurge`, surge),
  ];
  if (surges && replaces) {
    errors.push(invalidValue(`${field}.maxSurge`, surge, 'may not be set when maxUnavailable is non-zero'));
  }
  if (!surges && !replaces) {
    errors.push(invalidValue(`${field}.maxUnavailable`, unavailable, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}
