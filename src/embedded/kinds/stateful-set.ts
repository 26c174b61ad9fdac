import { forbiddenValue, numberAt, objectAt, objectsAt, sameJson, textAt } from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults } from './conditions.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { unlessNonNegative, unlessOneOf } from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, CONTAINERS, NAME, ageCell, containerCells, nameCell } from './table.ts';
import { WORKLOAD_SCALE } from './workload-scale.ts';
import { templateErrors, workloadSelectorErrors } from './workload-validation.ts';

const CHANGEABLE = new Set([
  'minReadySeconds',
  'ordinals',
  'persistentVolumeClaimRetentionPolicy',
  'replicas',
  'revisionHistoryLimit',
  'template',
  'updateStrategy',
]);

/** apps/v1 StatefulSet. */
export const statefulSet: BuiltInKind = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  scale: WORKLOAD_SCALE,
  strategy: {
    status: () => ({ replicas: 0, availableReplicas: 0 }),
    counts: specChanged,
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      setDefaultText(spec, 'podManagementPolicy', 'OrderedReady');
      const strategy = ensureObject(spec, 'updateStrategy');
      setDefaultText(strategy, 'type', 'RollingUpdate');
      if (textAt(strategy, 'type') === 'RollingUpdate') {
        setDefault(ensureObject(strategy, 'rollingUpdate'), 'partition', 0);
      }
      const retention = ensureObject(spec, 'persistentVolumeClaimRetentionPolicy');
      setDefaultText(retention, 'whenDeleted', 'Retain');
      setDefaultText(retention, 'whenScaled', 'Retain');
      setDefault(spec, 'replicas', 1);
      setDefault(spec, 'revisionHistoryLimit', 10);
      podTemplateDefaults(spec);
      for (const claim of objectsAt(spec, 'volumeClaimTemplates')) claimDefaults(claim);
      const status = ensureObject(object, 'status');
      setDefault(status, 'replicas', 0);
      setDefault(status, 'availableReplicas', 0);
      conditionTimeDefaults(status, 'lastTransitionTime');
    },
    validate(object) {
      const spec = objectAt(object, 'spec') ?? {};
      return [
        ...unlessOneOf('spec.podManagementPolicy', textAt(spec, 'podManagementPolicy'), [
          'OrderedReady',
          'Parallel',
        ]),
        ...unlessOneOf('spec.updateStrategy.type', textAt(spec, 'updateStrategy', 'type'), [
          'OnDelete',
          'RollingUpdate',
        ]),
        ...unlessNonNegative('spec.replicas', numberAt(spec, 'replicas')),
        ...unlessNonNegative('spec.minReadySeconds', numberAt(spec, 'minReadySeconds')),
        ...workloadSelectorErrors(spec, 'statefulset'),
        ...templateErrors(spec, 'StatefulSet', ['Always']),
      ];
    },
    validateUpdate: updateErrors,
  },
  table: {
    columns: [NAME, { name: 'Ready', description: 'Number of the pod with ready state' }, AGE, ...CONTAINERS],
    cells: (object, now) => [
      nameCell(object),
      `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
      ageCell(object, now),
      ...containerCells(objectAt(object, 'spec', 'template', 'spec')),
    ],
  },
};

function claimDefaults(claim: JsonObject): void {
  claim['kind'] = 'PersistentVolumeClaim';
  claim['apiVersion'] = 'v1';
  setDefaultText(ensureObject(claim, 'spec'), 'volumeMode', 'Filesystem');
  setDefaultText(ensureObject(claim, 'status'), 'phase', 'Pending');
}

function updateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const fixed = (of: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(objectAt(of, 'spec') ?? {}).filter(([member]) => !CHANGEABLE.has(member)),
    );
  if (sameJson(fixed(object), fixed(old))) return [];
  return [
    forbiddenValue(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}
