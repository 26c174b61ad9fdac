import type { Plan } from '../agent/index.ts';
import type { Log } from '../controllers/index.ts';

/** Says a decision that is another one than the last. */
export function sayPlan(log: Log, { phase, step, degraded }: Plan): void {
  if (degraded !== undefined) log.warn('degraded', { reason: degraded, phase, step: step.kind });
  else log.info(step.kind, { reason: step.reason, phase });
}

/** Says what an agent will try again by itself. */
export function sayTrouble(log: Log, doing: string, error: unknown): void {
  const isKnown = error instanceof Error && 'retryable' in error;
  const message = error instanceof Error ? error.message : String(error);
  if (isKnown) log.warn(`cannot ${doing}`, { message });
  else log.error(`cannot ${doing}`, {}, error);
}
