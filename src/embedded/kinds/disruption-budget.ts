import { type Json, type JsonObject, numberAt, textAt, valueAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { selectorErrors } from './label-selector.ts';
import { ensureObject, setDefault } from './members.ts';
import {
  invalidStruct,
  unlessAtMostWhole,
  unlessCountOrPercent,
  unlessNonNegative,
  unlessOneOf,
} from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

/** policy/v1 PodDisruptionBudget. */
export const podDisruptionBudget: BuiltInKind = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  namespaced: true,
  strategy: {
    status: noDisruptions,
    counts: specChanged,
    updatesUnconditionally: false,
    defaults(object) {
      ensureObject(object, 'spec');
      const status = ensureObject(object, 'status');
      for (const count of COUNTS) setDefault(status, count, 0);
    },
    validate(object) {
      const spec = valueAt(object, 'spec');
      const minAvailable = valueAt(spec, 'minAvailable');
      const maxUnavailable = valueAt(spec, 'maxUnavailable');
      return [
        ...(minAvailable !== undefined && maxUnavailable !== undefined
          ? [invalidStruct('spec', goSpec(object), 'minAvailable and maxUnavailable cannot be both set')]
          : []),
        ...unlessCountOrPercent('spec.minAvailable', minAvailable),
        ...unlessAtMostWhole('spec.minAvailable', minAvailable),
        ...unlessCountOrPercent('spec.maxUnavailable', maxUnavailable),
        ...unlessAtMostWhole('spec.maxUnavailable', maxUnavailable),
        ...selectorErrors('spec.selector', valueAt(spec, 'selector')),
        ...unlessOneOf('spec.unhealthyPodEvictionPolicy', textAt(spec, 'unhealthyPodEvictionPolicy'), [
          'AlwaysAllow',
          'IfHealthyBudget',
        ]),
      ];
    },
    validateStatusUpdate: (object) =>
      COUNTS.flatMap((count) => unlessNonNegative(`status.${count}`, numberAt(object, 'status', count))),
  },
  table: {
    columns: [
      NAME,
      { name: 'Min Available', description: 'The minimum number of pods that must be available.' },
      { name: 'Max Unavailable', description: 'The maximum number of pods that may be unavailable.' },
      {
        name: 'Allowed Disruptions',
        type: 'integer',
        description: 'Calculated number of pods that may be disrupted at this time.',
      },
      AGE,
    ],
    cells: (object, now) => [
      nameCell(object),
      limitCell(valueAt(object, 'spec', 'minAvailable')),
      limitCell(valueAt(object, 'spec', 'maxUnavailable')),
      numberAt(object, 'status', 'disruptionsAllowed') ?? 0,
      ageCell(object, now),
    ],
  },
};

function noDisruptions(): JsonObject {
  return { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
}

function limitCell(limit: Json | undefined): string {
  return typeof limit === 'number' || typeof limit === 'string' ? String(limit) : 'N/A';
}

/** The spec as the server's own type, which has no JSON names, prints. */
function goSpec(object: JsonObject): JsonObject {
  const spec = valueAt(object, 'spec');
  return {
    MinAvailable: valueAt(spec, 'minAvailable') ?? null,
    Selector: valueAt(spec, 'selector') ?? null,
    MaxUnavailable: valueAt(spec, 'maxUnavailable') ?? null,
    UnhealthyPodEvictionPolicy: valueAt(spec, 'unhealthyPodEvictionPolicy') ?? null,
  };
}
