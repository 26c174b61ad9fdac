import { DRAIN_POLICY_ANNOTATION, DRAIN_TIMEOUT_ANNOTATION } from '../api/index.ts';
import { parseGoDuration } from '../schema/index.ts';

/** How the nodes of a pool are drained. */
export interface DrainPolicy {
  /** Milliseconds after which a drain counts as failed, and what it says of `whenLate` happens. */
  readonly timeout: number;
  /**
   * `Wait` goes on asking for ever and never ends a pod that its budget protects. `Force` deletes, after the timeout, the pods
   * that still are there, each with its own grace period and without asking its budget, and then waits no longer for pods whose
   * grace period is over or that come back.
   */
  readonly whenLate: 'Wait' | 'Force';
  /** What of the annotations cannot be used, and what holds instead: sentences for the administrator of the pool. */
  readonly problems: readonly string[];
}

/** Upstream's: after it a drain is told as failed (contract §3.9). */
const DEFAULT_TIMEOUT = 3_600_000;

/** Less than a pod needs for an orderly end. */
const SHORTEST_TIMEOUT = 1000;

/** Beyond it clocks overflow; nobody waits a year. */
const LONGEST_TIMEOUT = 365 * 24 * 3_600_000;

/** What the annotations of a pool say of its drains; what cannot be understood holds nobody up and forces nothing. */
export function drainPolicy(
  pool: string,
  annotations: Readonly<Record<string, string>> | undefined,
): DrainPolicy {
  const problems: string[] = [];
  const say = (annotation: string, value: string, must: string): void => {
    problems.push(
      `The annotation ${annotation} of MachineConfigPool ${pool} is ${JSON.stringify(value.slice(0, 100))}, and ${must}.`,
    );
  };
  let timeout = DEFAULT_TIMEOUT;
  const givenTimeout = annotations?.[DRAIN_TIMEOUT_ANNOTATION];
  if (givenTimeout !== undefined) {
    const nanoseconds = parseGoDuration(givenTimeout.trim());
    const given = nanoseconds === undefined ? Number.NaN : Number(nanoseconds / 1_000_000n);
    if (given >= SHORTEST_TIMEOUT && given <= LONGEST_TIMEOUT) timeout = given;
    else
      say(DRAIN_TIMEOUT_ANNOTATION, givenTimeout, 'has to be a duration from 1s on, such as 15m; it is 1h');
  }
  let whenLate: DrainPolicy['whenLate'] = 'Wait';
  const givenPolicy = annotations?.[DRAIN_POLICY_ANNOTATION];
  if (givenPolicy === 'Force') whenLate = 'Force';
  else if (givenPolicy !== undefined && givenPolicy !== 'Wait')
    say(DRAIN_POLICY_ANNOTATION, givenPolicy, 'has to be Wait or Force; it is Wait');
  return { timeout, whenLate, problems };
}
