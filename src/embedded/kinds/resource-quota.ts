import { objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { compareText } from '../../ignition/index.ts';
import { ensureObject } from './members.ts';
import { unlessNonNegativeAmount } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** core/v1 ResourceQuota: stored; nothing is counted. */
export const resourceQuota: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  strategy: {
    status: () => ({}),
    returnsDeleted: true,
    defaults(object) {
      ensureObject(object, 'spec');
      ensureObject(object, 'status');
    },
    validate: (object) =>
      Object.entries(objectAt(object, 'spec', 'hard') ?? {}).flatMap(([resource, value]) =>
        unlessNonNegativeAmount(`spec.hard[${resource}]`, value),
      ),
  },
  table: {
    columns: [
      NAME,
      {
        name: 'Request',
        description: 'Request represents a minimum amount of cpu/memory that a container may consume.',
      },
      {
        name: 'Limit',
        description:
          'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
      },
      AGE,
    ],
    cells: (object, now) => [nameCell(object), ...usageCells(object), ageCell(object, now)],
  },
};

/** What is used and allowed of each resource; limits in a column of their own. */
function usageCells(object: JsonObject): [string, string] {
  const hard = objectAt(object, 'status', 'hard') ?? {};
  const cell = (limits: boolean): string =>
    Object.keys(hard)
      .filter((resource) => resource.startsWith('limits.') === limits)
      .sort(compareText)
      .map(
        (resource) =>
          `${resource}: ${textAt(object, 'status', 'used', resource) || '0'}/${textAt(hard, resource)}`,
      )
      .join(', ');
  return [cell(false), cell(true)];
}
