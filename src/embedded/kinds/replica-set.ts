import { numberAt, objectAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults } from './conditions.ts';
import { formatSelector, unlessSameSelector } from './label-selector.ts';
import { ensureObject, setDefault } from './members.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { unlessNonNegative } from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, CONTAINERS, NAME, ageCell, containerCells, nameCell } from './table.ts';
import { WORKLOAD_SCALE } from './workload-scale.ts';
import { templateErrors, workloadSelectorErrors } from './workload-validation.ts';

/** apps/v1 ReplicaSet. */
export const replicaSet: BuiltInKind = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  scale: WORKLOAD_SCALE,
  strategy: {
    status: () => ({ replicas: 0 }),
    counts: specChanged,
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      setDefault(spec, 'replicas', 1);
      podTemplateDefaults(spec);
      const status = ensureObject(object, 'status');
      setDefault(status, 'replicas', 0);
      conditionTimeDefaults(status, 'lastTransitionTime');
    },
    validate(object) {
      const spec = objectAt(object, 'spec') ?? {};
      return [
        ...unlessNonNegative('spec.replicas', numberAt(spec, 'replicas')),
        ...unlessNonNegative('spec.minReadySeconds', numberAt(spec, 'minReadySeconds')),
        ...workloadSelectorErrors(spec, 'deployment'),
        ...templateErrors(spec, 'ReplicaSet', ['Always']),
      ];
    },
    validateUpdate: (object, old) => unlessSameSelector('spec.selector', object, old),
  },
  table: {
    columns: [
      NAME,
      { name: 'Desired', type: 'integer', field: 'spec.replicas' },
      { name: 'Current', type: 'integer', field: 'status.replicas' },
      { name: 'Ready', type: 'integer', field: 'status.readyReplicas' },
      AGE,
      ...CONTAINERS,
      { name: 'Selector', field: 'spec.selector', wide: true },
    ],
    cells: (object, now) => [
      nameCell(object),
      numberAt(object, 'spec', 'replicas') ?? 0,
      numberAt(object, 'status', 'replicas') ?? 0,
      numberAt(object, 'status', 'readyReplicas') ?? 0,
      ageCell(object, now),
      ...containerCells(objectAt(object, 'spec', 'template', 'spec')),
      formatSelector(objectAt(object, 'spec', 'selector')) || '<none>',
    ],
  },
  fields: { 'status.replicas': (object) => String(numberAt(object, 'status', 'replicas') ?? 0) },
};
