import type { ScalePaths } from './kind.ts';

/** Where every workload of apps/v1 keeps what its Scale shows. */
export const WORKLOAD_SCALE: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};
