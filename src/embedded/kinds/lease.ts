import { numberAt, textAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { ensureObject } from './members.ts';
import { unlessNonNegative, unlessPositive } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** coordination.k8s.io/v1 Lease. */
export const lease: BuiltInKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  strategy: {
    createsOnUpdate: true,
    updatesUnconditionally: false,
    defaults(object) {
      ensureObject(object, 'spec');
    },
    validate: (object) => [
      ...unlessPositive('spec.leaseDurationSeconds', numberAt(object, 'spec', 'leaseDurationSeconds')),
      ...unlessNonNegative('spec.leaseTransitions', numberAt(object, 'spec', 'leaseTransitions')),
    ],
  },
  table: {
    columns: [NAME, { name: 'Holder', field: 'spec.holderIdentity' }, AGE],
    cells: (object, now) => [
      nameCell(object),
      textAt(object, 'spec', 'holderIdentity'),
      ageCell(object, now),
    ],
  },
};
