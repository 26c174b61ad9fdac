import { failurePolicy } from '../host/index.ts';
import type { AgentPolicy } from './agent-policy.ts';
import type { Trouble } from './journal.ts';

/** When a step that failed comes next, and whether a person has to know. */
export interface Retry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly degraded: boolean;
  /** The image will never do on this host. */
  readonly hopeless: boolean;
}

/** Decides by the failure's class (host-contract §9.1); what only a person can mend is tried again slowly. */
export function retryOf(trouble: Trouble, policy: AgentPolicy, now: number): Retry {
  const { retryable, attempts, wait, patience, remedy } = failurePolicy(trouble.class);
  const at = dueAt(trouble.at, retryable ? delay(wait, trouble.count) : policy.recheck, now);
  const degraded =
    !retryable ||
    (attempts === undefined ? now - trouble.since >= patience * 1000 : trouble.count > attempts);
  return { at, degraded, hopeless: remedy === 'give-up-digest' };
}

/** When to do again what was done then; what is remembered of a time to come tells that the clock was set back since. */
export function dueAt(then: number, wait: number, now: number): number {
  return then > now ? now : then + wait;
}

/** Milliseconds before the attempt that follows so many failures in a row, doubling; given in seconds. */
export function delay([first, most]: readonly [number, number], failures: number): number {
  return Math.min(most, first * 2 ** Math.min(failures - 1, 30)) * 1000;
}
