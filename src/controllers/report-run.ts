import { formatKey, isKubeError, type Reconciliation } from '../kube/index.ts';
import type { Log } from './support.ts';

/**
 * Says of a run what a person should know. What went well, and what another writer was faster with, is nobody's concern; what
 * keeps failing is said, for an error that nobody expected with its trace.
 */
export function reportRun(log: Log, { controller, key, outcome, next }: Reconciliation): void {
  const about = { controller, key: formatKey(key) };
  switch (outcome.kind) {
    case 'done':
    case 'requeue-after':
    case 'waiting':
      return;
    case 'stalled':
      log.info('a person has to change something', { reason: outcome.reason, ...about });
      return;
    case 'failed': {
      const { error } = outcome;
      if (isPassing(error)) return;
      const isExpected = error instanceof Error && 'retryable' in error;
      if (!isExpected) {
        log.error('a defect of varve, please report it', about, error);
        return;
      }
      const again = next === undefined ? {} : { again: `in ${Math.ceil(next / 1000)} s` };
      log.warn('cannot reconcile', { reason: error.message, ...about, ...again });
    }
  }
}

/** Decided on what was no longer true, asked in vain, or cut off: the next run does better, or says why not. */
function isPassing(error: unknown): boolean {
  // That the API server is away is said once for all (TroubleReport).
  return isKubeError(error, 'conflict', 'already-exists', 'not-found', 'aborted', 'unavailable');
}
