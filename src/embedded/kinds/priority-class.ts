import { forbiddenValue, isTrueAt, numberAt, textAt, valueAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { setDefault, setDefaultText } from './members.ts';
import { unlessSame } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

const MAX_USER_PRIORITY = 1_000_000_000;

/** scheduling.k8s.io/v1 PriorityClass. */
export const priorityClass: BuiltInKind = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  strategy: {
    // Counted from 1, but nothing of it can change.
    counts: () => false,
    defaults(object) {
      setDefault(object, 'value', 0);
      setDefaultText(object, 'preemptionPolicy', 'PreemptLowerPriority');
    },
    validate(object) {
      const name = nameCell(object);
      const value = numberAt(object, 'value') ?? 0;
      if (name.startsWith('system-') && !isSystemClass(name, value)) {
        const detail = "priority class names with 'system-' prefix are reserved for system use only";
        return [forbiddenValue('metadata.name', detail)];
      }
      return value > MAX_USER_PRIORITY && !name.startsWith('system-')
        ? [
            forbiddenValue(
              'value',
              `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`,
            ),
          ]
        : [];
    },
    validateUpdate: (object, old) => [
      ...(numberAt(object, 'value') === numberAt(old, 'value')
        ? []
        : [forbiddenValue('value', 'may not be changed in an update.')]),
      ...unlessSame(
        'preemptionPolicy',
        valueAt(object, 'preemptionPolicy'),
        valueAt(old, 'preemptionPolicy'),
      ),
    ],
  },
  table: {
    columns: [
      NAME,
      { name: 'Value', type: 'integer', field: 'value' },
      { name: 'Global-Default', type: 'boolean', field: 'globalDefault' },
      AGE,
      { name: 'PreemptionPolicy', field: 'preemptionPolicy' },
    ],
    cells: (object, now) => [
      nameCell(object),
      numberAt(object, 'value') ?? 0,
      isTrueAt(object, 'globalDefault'),
      ageCell(object, now),
      textAt(object, 'preemptionPolicy') || '<unset>',
    ],
  },
};

function isSystemClass(name: string, value: number): boolean {
  return (
    (name === 'system-node-critical' && value === 2_000_001_000) ||
    (name === 'system-cluster-critical' && value === 2_000_000_000)
  );
}
