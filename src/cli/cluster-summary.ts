import type { MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import {
  BUILDER_ANNOTATION,
  buildStateOf,
  compareNewestFirst,
  findCondition,
  isTerminalState,
  type BuildState,
} from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import { summarizePool, type PoolSummary } from './pool-summary.ts';

/** What there is in a cluster, as far as a summary needs it. */
export interface ClusterObjects {
  readonly pools: readonly MachineConfigPool[];
  readonly osConfigs: readonly MachineOSConfig[];
  readonly osBuilds: readonly MachineOSBuild[];
}

/** What `varve status -o json` prints: members are added to it, not renamed or taken away. */
export interface ClusterSummary {
  readonly pools: readonly PoolSummary[];
  /** The newest first. */
  readonly builds: readonly BuildSummary[];
  readonly problems: readonly ConditionSummary[];
}

/** One build. What there is not is null; times are RFC 3339. */
export interface BuildSummary {
  readonly name: string;
  readonly pool: string;
  readonly configuration: string;
  readonly state: BuildState;
  /** Whether its pool's nodes get it, or wait for it. */
  readonly inForce: boolean;
  readonly created: string | null;
  readonly started: string | null;
  readonly ended: string | null;
  /** From its start to its end, or until now. */
  readonly seconds: number | null;
  readonly image: string | null;
  /** What made its container build, and why that; null where none was made. */
  readonly builder: string | null;
  /** Why it failed or was interrupted. */
  readonly reason: string | null;
  readonly message: string | null;
}

/** A condition that is not as it should be. */
export interface ConditionSummary {
  readonly kind: 'MachineConfigPool' | 'MachineOSBuild';
  readonly name: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly since: string | null;
}

/** A build's state in a word: one of which nothing is said yet has none. */
export function buildStateWord(state: BuildState): string {
  return state === 'none' ? 'new' : state;
}

/** Conditions of a pool that are bad when they are True. */
const BAD_OF_POOL = /^RolloutHalted$|Degraded$/u;

/** It only says that another one of its kind is. */
const SUM = 'Degraded';

/** Sums up a cluster. @param now milliseconds since 1970 */
export function summarizeCluster(
  { pools, osConfigs, osBuilds }: ClusterObjects,
  now: number,
): ClusterSummary {
  const summaries = pools
    .toSorted((left, right) => compareText(left.metadata.name, right.metadata.name))
    .map((pool) => summarizePool(pool, osConfigs, osBuilds, now));
  const inForce = new Set(summaries.map(({ build }) => build?.name));
  const poolOf = new Map(osConfigs.map(({ metadata, spec }) => [metadata.name, spec.machineConfigPool.name]));
  const builds = osBuilds.toSorted(compareNewestFirst).map((build) =>
    summarizeBuild(build, {
      pool: poolOf.get(build.spec.machineOSConfig.name) ?? build.spec.machineOSConfig.name,
      inForce: inForce.has(build.metadata.name),
      now,
    }),
  );
  return {
    pools: summaries,
    builds,
    problems: [...poolProblems(pools), ...buildProblems(osBuilds, inForce)],
  };
}

function summarizeBuild(
  build: MachineOSBuild,
  { pool, inForce, now }: { readonly pool: string; readonly inForce: boolean; readonly now: number },
): BuildSummary {
  const { metadata, spec, status } = build;
  const state = buildStateOf(build);
  const why = endOf(build, state);
  return {
    name: metadata.name,
    pool,
    configuration: spec.machineConfig.name,
    state,
    inForce,
    created: textOr(metadata['creationTimestamp']),
    started: textOr(status?.buildStart),
    ended: textOr(status?.buildEnd),
    seconds: secondsOf(build, isTerminalState(state), now),
    image: textOr(status?.digestedImagePushSpec),
    builder: metadata.annotations?.[BUILDER_ANNOTATION] ?? null,
    reason: why?.reason ?? null,
    message: why?.message ?? null,
  };
}

function endOf(
  { status }: MachineOSBuild,
  state: BuildState,
): { reason?: string; message?: string } | undefined {
  if (state !== 'failed' && state !== 'interrupted') return undefined;
  return findCondition(status?.conditions, state === 'failed' ? 'Failed' : 'Interrupted');
}

function secondsOf({ status }: MachineOSBuild, isOver: boolean, now: number): number | null {
  const began = Date.parse(status?.buildStart ?? '');
  const ended = isOver ? Date.parse(status?.buildEnd ?? '') : now;
  const seconds = Math.round((ended - began) / 1000);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function poolProblems(pools: readonly MachineConfigPool[]): ConditionSummary[] {
  return pools.flatMap(({ metadata, status }) => {
    const bad = (status?.conditions ?? []).filter(
      ({ type, status: is }) => BAD_OF_POOL.test(type ?? '') && is === 'True',
    );
    const isSummed = bad.some(({ type = '' }) => type !== SUM && type.endsWith(SUM));
    const parts = bad.filter(({ type }) => !(isSummed && type === SUM));
    return parts.map((condition) => problem('MachineConfigPool', metadata.name, condition));
  });
}

/** Of builds that somebody waits for: those of the past may have failed as they like. */
function buildProblems(
  builds: readonly MachineOSBuild[],
  inForce: ReadonlySet<string | undefined>,
): ConditionSummary[] {
  return builds
    .filter(({ metadata }) => inForce.has(metadata.name))
    .flatMap(({ metadata, status }) =>
      (status?.conditions ?? [])
        .filter(({ type, status: is }) => (type === 'Failed' || type === 'Interrupted') && is === 'True')
        .map((condition) => problem('MachineOSBuild', metadata.name, condition)),
    );
}

function problem(
  kind: ConditionSummary['kind'],
  name: string,
  condition: {
    readonly type?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly lastTransitionTime?: string | null;
  },
): ConditionSummary {
  const { type = '', reason = '', message = '', lastTransitionTime } = condition;
  return { kind, name, type, reason, message, since: textOr(lastTransitionTime) };
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
