import type { MachineOSBuild } from '../api/index.ts';
import { findCondition } from '../api/index.ts';
import { retryClass } from './build-failure.ts';
import { ATTEMPT_ANNOTATION, CIRCUMSTANCES_ANNOTATION } from './build-keys.ts';

/** When a failed build is made anew. */
export type Retry =
  /** `attempt`: that of the new build; 1 if something has changed. */
  | { readonly kind: 'now'; readonly attempt: number }
  | { readonly kind: 'at'; readonly time: Date }
  | { readonly kind: 'never' };

/** In milliseconds: after the first failure, and at the most. Each further failure doubles the wait. */
const WAITS = { soon: [2_000, 300_000], later: [60_000, 900_000] } as const;

/** Far beyond where both waits have reached their end; keeps powers of two in bounds. */
const MAX_DOUBLINGS = 20;

/**
 * When to try a failed build again: at once if what it depends on besides its inputs has changed; after a wait if the
 * cause may pass or be mended without our knowledge; else never, since a change of its inputs is another build.
 */
export function retryOf(build: MachineOSBuild, circumstances: string, now: Date): Retry {
  const { annotations } = build.metadata;
  if (annotations?.[CIRCUMSTANCES_ANNOTATION] !== circumstances) return { kind: 'now', attempt: 1 };
  const failed = findCondition(build.status?.conditions, 'Failed');
  const why = retryClass(failed?.reason ?? '');
  if (why === 'never') return { kind: 'never' };
  const attempt = attemptOf(build);
  const [first, most] = WAITS[why];
  const wait = Math.min(most, first * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS));
  const end = Date.parse(build.status?.buildEnd ?? failed?.lastTransitionTime ?? '');
  // A time that cannot be read, or lies ahead because a clock was set, must not put the retry off for ever.
  const time = Number.isNaN(end) || end > now.getTime() + most ? now.getTime() : end + wait;
  return time <= now.getTime() ? { kind: 'now', attempt: attempt + 1 } : { kind: 'at', time: new Date(time) };
}

/** How often a build has been tried with these inputs; 1 unless it says otherwise. */
function attemptOf({ metadata }: MachineOSBuild): number {
  const attempt = Number(metadata.annotations?.[ATTEMPT_ANNOTATION] ?? '1');
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1;
}
