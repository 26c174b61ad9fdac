import { numberAt } from '../../schema/index.ts';
import type { ScalePaths, TableFormat } from './kind.ts';
import { AGE, NAME, ageCell, nameCell, tableColumns } from './table.ts';

/** Where every workload of apps/v1 keeps what its Scale shows. */
export const WORKLOAD_SCALE: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

/** What `kubectl get deployment NAME --subresource=scale` shows of a built-in kind's autoscaling/v1 Scale. */
export const SCALE_TABLE: TableFormat = {
  columns: tableColumns(
    [
      NAME,
      {
        name: 'Desired',
        type: 'integer',
        description: 'replicas is the desired number of instances for the scaled object.',
      },
      {
        name: 'Available',
        type: 'integer',
        description: 'replicas is the actual number of observed instances of the scaled object.',
      },
      AGE,
    ],
    {},
  ),
  cells: (scale, now) => [
    nameCell(scale),
    numberAt(scale, 'spec', 'replicas') ?? 0,
    numberAt(scale, 'status', 'replicas') ?? 0,
    ageCell(scale, now),
  ],
};
