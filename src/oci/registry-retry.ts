import { OciError } from './oci-error.ts';
import type { RegistrySettings } from './registry-options.ts';

const FIRST_DELAY = 250;
const LONGEST_DELAY = 15_000;
/** A registry that asks for a longer pause than this gets this one. */
const LONGEST_RETRY_AFTER = 60_000;

/**
 * Failures that seldom pass while somebody waits: a closed port is tried once more, for a registry that is starting
 * anew, and a resolver has tried again itself.
 */
const FEWER_ATTEMPTS: ReadonlyMap<string, number> = new Map([
  ['ECONNREFUSED', 2],
  ['EAI_AGAIN', 1],
]);

/** The part of the settings that retries need. */
export type RetrySettings = Pick<RegistrySettings, 'attempts' | 'deadline' | 'now' | 'random' | 'sleep'>;

/**
 * Runs `attempt` until it succeeds, fails for good, or attempts or time are used up; then the last error is thrown.
 * Only an {@link OciError} that is `retryable` leads to another try.
 */
export async function retrying<T>(
  settings: RetrySettings,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  const retries = startRetries(settings, signal);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await retries.failed(error);
    }
  }
}

/** Counts failures of one undertaking. */
export interface Retries {
  /** Waits before the next try, or throws the error when there is to be none. */
  failed(error: unknown): Promise<void>;
  /** Starts counting anew, after progress. */
  reset(): void;
}

/** Starts counting failures. */
export function startRetries(settings: RetrySettings, signal: AbortSignal | undefined): Retries {
  let started = settings.now();
  let failures = 0;
  return {
    async failed(error) {
      if (!(error instanceof OciError) || !error.retryable || signal?.aborted === true) throw error;
      failures += 1;
      const delay = error.retryAfter ?? backoff(failures, settings.random());
      const attempts = Math.min(settings.attempts, attemptsFor(error.cause));
      if (failures >= attempts || settings.now() + delay > started + settings.deadline) throw error;
      await settings.sleep(delay, signal);
    },
    reset() {
      started = settings.now();
      failures = 0;
    },
  };
}

function attemptsFor(cause: unknown): number {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return FEWER_ATTEMPTS.get(code) ?? Number.POSITIVE_INFINITY;
}

/** The pause before the next try after so many failures, in milliseconds: exponential, the upper half random. */
export function backoff(failures: number, random: number): number {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
  return longest / 2 + (longest / 2) * random;
}

/** Reads `Retry-After` (RFC 9110 §10.2.3), seconds or an HTTP date, as milliseconds from now, at most a minute. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const wait = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(LONGEST_RETRY_AFTER, Math.max(0, wait));
}
