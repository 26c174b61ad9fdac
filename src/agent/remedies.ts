import type { Remedy } from '../host/index.ts';

/** What a program can do about a failure before it tries again. */
export type ActiveRemedy = Exclude<Remedy, 'wait' | 'give-up-digest' | 'operator'>;

const ACTIVE: ReadonlySet<Remedy> = new Set<ActiveRemedy>([
  'refresh-credentials',
  'clean-up',
  'restart-daemon',
  'repair-store',
]);

export function isRemedy(remedy: Remedy): remedy is ActiveRemedy {
  return ACTIVE.has(remedy);
}
