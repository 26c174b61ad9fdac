import type { Outcome, ReconcileContext } from '../kube/index.ts';
import { Controller } from '../kube/index.ts';
import type { ControllerSupport } from './support.ts';

/**
 * How a pool that failed is tried again, in milliseconds. A conflict is over at once; an API server that was away is found again
 * within seconds, although nothing that is watched has changed meanwhile. What a registry may take longer for is not tried here.
 */
const BACKOFF = { first: 5, factor: 2, longest: 5000, jitter: 0.1 };

export interface PoolControllerOptions {
  readonly name: string;
  readonly reconcile: (pool: string, context: ReconcileContext) => Promise<Outcome>;
  /** Pools that are worked on at once. @default 1 */
  readonly concurrency?: number;
}

/** A controller whose keys are the names of pools. */
export function poolController(support: ControllerSupport, options: PoolControllerOptions): Controller {
  const { client, onReconciled } = support;
  const { name, reconcile, concurrency = 1 } = options;
  return new Controller({
    name,
    concurrency,
    reconcile: (key, context) => reconcile(key.name, context),
    backoff: BACKOFF,
    clock: client.clock,
    ...(onReconciled === undefined ? {} : { onReconciled }),
  });
}
