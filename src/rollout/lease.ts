import { DISRUPTION_LEASE_ANNOTATION } from '../api/index.ts';

/** The holder of a lease that a pool's rollout takes. */
const OURS = /^varve(?:\/|$)/;

/**
 * Who may take a node out of service (demand #56).
 * - `free`: nobody, or somebody whose time is over.
 * - `ours`: a rollout of Varve, of this pool or of one that the node was in before.
 * - `foreign`: somebody else, until `until` (milliseconds since 1970) or until they give it back.
 */
export type DisruptionLease =
  | { readonly kind: 'free' }
  | { readonly kind: 'ours' }
  | { readonly kind: 'foreign'; readonly holder: string; readonly until?: number };

/**
 * Reads a Node's annotation `varve.dev/disruption-lease`. Whoever wrote what cannot be read meant to keep others away, so it is
 * somebody else's, for as long as it is there.
 */
export function readLease(
  annotations: Readonly<Record<string, string>> | undefined,
  now: number,
): DisruptionLease {
  const value = annotations?.[DISRUPTION_LEASE_ANNOTATION] ?? '';
  if (value === '') return { kind: 'free' };
  const found = parsed(value);
  const { holder, until } = found;
  if (typeof holder !== 'string' || holder === '') return { kind: 'foreign', holder: value.slice(0, 60) };
  if (OURS.test(holder)) return { kind: 'ours' };
  const end = typeof until === 'string' ? Date.parse(until) : NaN;
  if (Number.isNaN(end)) return { kind: 'foreign', holder };
  return end <= now ? { kind: 'free' } : { kind: 'foreign', holder, until: end };
}

/** The annotation's value while a pool's rollout has the node. */
export function writeLease(pool: string): string {
  return JSON.stringify({ holder: `varve/${pool}` });
}

function parsed(value: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(value);
    return typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
