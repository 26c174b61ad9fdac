/**
 * Time, chance and timers, so that tests can have their own. Whatever is measured or awaited goes by `now`, which no
 * administrator and no NTP server can turn back; `wall` is for what others read.
 */
export interface Clock {
  /** Milliseconds that only grow, from any beginning. */
  now(): number;
  /** Milliseconds since 1970. */
  wall(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Runs `action` once, after so many milliseconds. The function that it gives back prevents that. */
  schedule(milliseconds: number, action: () => void): () => void;
}

/** More overflows Node's timers, which then fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  schedule: (milliseconds, action) => {
    const timer = setTimeout(action, Math.min(LONGEST_TIMER, Math.max(0, milliseconds)));
    return () => clearTimeout(timer);
  },
};

/** Waits so long, or until the signal aborts: who continues then looks at the signal. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted === true) return Promise.resolve();
  const end = (): void => {
    cancel();
    signal?.removeEventListener('abort', end);
    resolve();
  };
  const cancel = clock.schedule(milliseconds, end);
  signal?.addEventListener('abort', end, { once: true });
  return promise;
}
