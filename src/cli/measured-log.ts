import type { Clock } from '../kube/index.ts';
import type { Log, LogFields } from '../controllers/index.ts';

/** How much is said of what goes wrong. Milliseconds. */
export interface LogLimits {
  /** The same is said once in so long. */
  readonly again: number;
  /** So many lines at once, and then one each `refill`. */
  readonly burst: number;
  readonly refill: number;
}

const DEFAULT_LOG_LIMITS: LogLimits = { again: 60_000, burst: 30, refill: 1000 };

/** Different messages that are remembered. */
const MOST_REMEMBERED = 1000;

interface Said {
  readonly at: number;
  /** How often it was not said since. */
  left: number;
}

/**
 * A log in which what goes wrong again and again is said again and again, but not more often than a person can read: a
 * warning or error with the same words and fields once in a while, with how often it came (`times`), and of too many different
 * ones the first. What goes well passes.
 */
export function measuredLog(log: Log, clock: Clock, limits: LogLimits = DEFAULT_LOG_LIMITS): Log {
  const said = new Map<string, Said>();
  let tokens = limits.burst;
  let filledAt = clock.now();
  let leftOut = 0;

  function measure(message: string, fields: LogFields, say: (fields: LogFields) => void): void {
    const now = clock.now();
    const key = JSON.stringify([message, fields]);
    const before = said.get(key);
    if (before !== undefined && now - before.at < limits.again) {
      before.left += 1;
      return;
    }
    tokens = Math.min(limits.burst, tokens + (now - filledAt) / limits.refill);
    filledAt = now;
    if (tokens < 1) {
      leftOut += 1;
      return;
    }
    tokens -= 1;
    if (leftOut > 0) {
      log.warn('more was said than a person can read, and left out', { lines: leftOut });
      leftOut = 0;
    }
    // The newest is last; the oldest goes first.
    said.delete(key);
    said.set(key, { at: now, left: 0 });
    const [oldest] = said.keys();
    if (said.size > MOST_REMEMBERED && oldest !== undefined) said.delete(oldest);
    const times = (before?.left ?? 0) + 1;
    say(times === 1 ? fields : { ...fields, times });
  }

  return {
    info: (message, fields) => log.info(message, fields),
    warn: (message, fields = {}) => measure(message, fields, (measured) => log.warn(message, measured)),
    error: (message, fields = {}, error) =>
      measure(message, fields, (measured) => log.error(message, measured, error)),
  };
}
