import type { Clock } from './clock.ts';

/** A signal that ends by itself. Must be released, or its timer and listeners stay. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Ends it before its time, for this reason. */
  expire(reason: unknown): void;
  /** Replaces the time that is left; undefined for no end but the parents'. */
  extend(milliseconds: number | undefined, reason?: () => unknown): void;
  release(): void;
}

/**
 * A signal that aborts with `reason()` after so many milliseconds, or with its parent's reason when a parent does.
 * Unlike AbortSignal.any it leaves nothing on a parent that lives as long as the process.
 */
export function startDeadline(
  clock: Clock,
  milliseconds: number | undefined,
  reason: () => unknown,
  ...parents: readonly (AbortSignal | undefined)[]
): Deadline {
  const controller = new AbortController();
  let cancel: (() => void) | undefined;
  const listeners: (() => void)[] = [];
  const release = (): void => {
    cancel?.();
    for (const remove of listeners.splice(0)) remove();
  };
  const expire = (why: unknown): void => {
    release();
    controller.abort(why);
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    const follow = (): void => expire(parent.reason);
    if (parent.aborted) {
      follow();
      break;
    }
    parent.addEventListener('abort', follow, { once: true });
    listeners.push(() => parent.removeEventListener('abort', follow));
  }
  const extend = (left: number | undefined, why: () => unknown = reason): void => {
    cancel?.();
    cancel = undefined;
    if (left === undefined || controller.signal.aborted) return;
    cancel = clock.schedule(left, () => expire(why()));
  };
  extend(milliseconds);
  return { signal: controller.signal, expire, extend, release };
}
