import {
  FAILURE_BUDGET_ANNOTATION,
  MAX_PULLS_ANNOTATION,
  SOAK_ANNOTATION,
  STUCK_AFTER_ANNOTATION,
  type MachineConfigPool,
} from '../api/index.ts';
import { parseGoDuration } from '../schema/index.ts';
import { maxUnavailable } from './max-unavailable.ts';

/** How a pool's nodes are to be updated: what the pool says, or the defaults. Times are in milliseconds. */
export interface RolloutPolicy {
  /** Nodes that may be out of service at once, at least 1 (contract §3.3). */
  readonly maxUnavailable: number;
  /** Nodes that may have failed at what they are to run, at least 1: with so many, no further one gets its turn. */
  readonly failureBudget: number;
  /** How long a node has to serve after its update before the next one takes its place. */
  readonly soak: number;
  /** How long a node may show no progress before it counts as failed. */
  readonly stuckAfter: number;
  /** Nodes that may pull an image at once, at least 1. */
  readonly maxPulls: number;
}

/** What a pool says of its rollout; `problems` are whole sentences about what of it cannot be used. */
export type PolicyReading =
  | { readonly ok: true; readonly policy: RolloutPolicy }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Half an hour: a machine that tests its memory at each boot takes some twenty minutes to come back (demand #43). */
const STUCK_AFTER = 30 * 60_000;
const LONGEST = 7 * 24 * 60 * 60_000;
const MAX_PULLS = 10;

/**
 * Reads {@link RolloutPolicy} from a pool's `spec.maxUnavailable` and its annotations. What cannot be read is not guessed: a
 * pool whose policy has problems gives no node its turn.
 *
 * @param total how many nodes the pool has
 */
export function rolloutPolicy({ metadata, spec }: MachineConfigPool, total: number): PolicyReading {
  const problems: string[] = [];
  const annotation = <T>(
    key: string,
    read: (value: string) => T | undefined,
    expected: string,
    absent: T,
  ): T => {
    const value = metadata.annotations?.[key];
    if (value === undefined) return absent;
    const found = read(value);
    if (found !== undefined) return found;
    problems.push(
      `Annotation ${key} of MachineConfigPool ${metadata.name} must be ${expected}, and is ${JSON.stringify(value)}`,
    );
    return absent;
  };
  const most = maxUnavailable(metadata.name, spec.maxUnavailable, total);
  if (!most.ok) problems.push(`MachineConfigPool ${metadata.name}: ${most.message}`);
  const nodes = most.ok ? most.nodes : 1;
  const policy: RolloutPolicy = {
    maxUnavailable: nodes,
    failureBudget: annotation(
      FAILURE_BUDGET_ANNOTATION,
      (value) => share(value, total),
      'a number of nodes or a percentage such as "10%"',
      nodes,
    ),
    soak: annotation(SOAK_ANNOTATION, duration, 'a duration such as "10m"', 0),
    stuckAfter: annotation(
      STUCK_AFTER_ANNOTATION,
      (value) => atLeast(duration(value), 1000),
      'a duration such as "30m", one second at least',
      STUCK_AFTER,
    ),
    maxPulls: annotation(
      MAX_PULLS_ANNOTATION,
      (value) => atLeast(whole(value), 1),
      'a number of nodes, 1 at least',
      Math.max(MAX_PULLS, nodes),
    ),
  };
  return problems.length === 0 ? { ok: true, policy } : { ok: false, problems };
}

function share(value: string, total: number): number | undefined {
  const percent = /^(\d{1,3})%$/.exec(value)?.[1];
  if (percent === undefined) return atLeast(whole(value), 1);
  return Math.max(1, Math.floor((Number(percent) * total) / 100));
}

function whole(value: string): number | undefined {
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** Milliseconds; undefined if it is negative, or more than a week, which nobody means. */
function duration(value: string): number | undefined {
  const found = parseGoDuration(value);
  const milliseconds = found === undefined ? -1 : Number(found / 1_000_000n);
  return milliseconds < 0 || milliseconds > LONGEST ? undefined : milliseconds;
}

function atLeast(value: number | undefined, least: number): number | undefined {
  return value !== undefined && value >= least ? value : undefined;
}
