import { isDeepStrictEqual } from 'node:util';
import { isConditionTrue, mergeConditions } from '../api/index.ts';
import type { Condition } from '../api/index.ts';
import type { MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import { poolConditions } from '../machineconfig/index.ts';
import type { NodeCounts, NodePlan, NodeTarget, PoolPlan } from '../rollout/index.ts';
import type { PoolFinding } from './pool-findings.ts';

type PoolStatus = NonNullable<MachineConfigPool['status']>;

/** What the status of a pool is made of. */
export interface PoolStatusInput {
  readonly pool: MachineConfigPool;
  readonly nodes: NodeCounts;
  /** The MachineOSConfig to follow, if the pool is in image mode. */
  readonly osConfig?: MachineOSConfig;
  /** The build in force. */
  readonly build?: MachineOSBuild;
  readonly finding: PoolFinding;
  /** What the rollout says of the pool; absent until it has looked, and what its condition says then stays. */
  readonly rollout?: PoolPlan;
  /** The stream whose image the configuration runs; absent: the image is of no stream. */
  readonly stream?: string;
  readonly now: Date;
}

/** Members of a status that are to change; null: to go. */
type StatusPatch = { readonly [Member in keyof PoolStatus]?: PoolStatus[Member] | null };

/**
 * What of a pool's status has to change, as a merge patch (contract §3.7); undefined if nothing has. `certExpirys` and
 * `poolSynchronizersStatus` are left to others: Varve serves no certificates and pins no images.
 */
export function poolStatusPatch(input: PoolStatusInput): StatusPatch | undefined {
  const { pool, nodes, now } = input;
  const found = pool.status ?? {};
  const conditions = conditionsOf(input, now);
  const isUpdated = isConditionTrue(conditions, 'Updated');
  const isSound = !isConditionTrue(conditions, 'Degraded');
  const { generation } = pool.metadata;
  const wanted: StatusPatch = {
    ...(typeof generation === 'number' ? { observedGeneration: generation } : {}),
    machineCount: nodes.total,
    updatedMachineCount: nodes.updated,
    readyMachineCount: nodes.ready,
    unavailableMachineCount: nodes.unavailable,
    degradedMachineCount: nodes.degraded.length,
    conditions,
    ...(isUpdated ? { configuration: pool.spec.configuration ?? null } : {}),
    ...(isUpdated && isSound
      ? { osImageStream: input.stream === undefined ? null : { name: input.stream } }
      : {}),
  };
  const changed = Object.entries(wanted).flatMap(([member, value]) => {
    const old: unknown = found[member as keyof PoolStatus];
    return isDeepStrictEqual(old ?? null, value ?? null) ? [] : [[member, replacing(old, value)] as const];
  });
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

/** Members that say how far a pool's nodes are, and nothing that anybody acts on. */
const PROGRESS: ReadonlySet<string> = new Set<keyof PoolStatus>([
  'updatedMachineCount',
  'readyMachineCount',
  'unavailableMachineCount',
]);

/** Whether a patch says no more than how far the nodes are: all that is wrong, and the beginning and the end, is in conditions. */
export function isProgressAlone(patch: StatusPatch): boolean {
  return Object.keys(patch).every((member) => PROGRESS.has(member));
}

/**
 * What the nodes of a pool are to run: in image mode the configuration of the build in force with the image that nodes are given
 * (contract §3.4), and nothing as long as there is no such image.
 */
export function poolTarget(
  pool: MachineConfigPool,
  osConfig: MachineOSConfig | undefined,
  build: MachineOSBuild | undefined,
): NodeTarget | undefined {
  const machineConfig = pool.spec.configuration?.name ?? '';
  if (osConfig === undefined) return machineConfig === '' ? undefined : { machineConfig };
  const image = osConfig.status?.currentImagePullSpec ?? '';
  if (build === undefined || image === '') return undefined;
  return { machineConfig: build.spec.machineConfig.name, image };
}

function conditionsOf(
  { pool, nodes, osConfig, build, finding, rollout }: PoolStatusInput,
  now: Date,
): NonNullable<PoolStatus['conditions']> {
  const found = pool.status?.conditions ?? [];
  // The other conditions depend on how rendering went.
  const rendered = mergeConditions(found, finding.render === undefined ? [] : [finding.render], now);
  const news = poolConditions({
    pool: { ...pool, status: { ...pool.status, conditions: rendered } },
    nodes,
    degradedNodes: nodes.degraded,
    // PinnedImageSets are not supported.
    pinnedImageSetNodes: [],
    ...(osConfig === undefined ? {} : { osConfig }),
    ...(build === undefined ? {} : { build }),
    ...(finding.buildProblem === undefined ? {} : { buildProblem: finding.buildProblem }),
  });
  return mergeConditions(
    rendered,
    [...news, ...(rollout === undefined ? [] : [rolloutHalted(rollout)])],
    now,
  );
}

/**
 * `RolloutHalted`, which the contract does not have: True while nothing moves until a person does something. Else it says what
 * is waited for; the course of an update that goes on is told by its nodes.
 */
function rolloutHalted({ progress, reason, message }: PoolPlan): Condition {
  const isSilent = progress === 'updating' || progress === 'updated';
  return {
    type: 'RolloutHalted',
    status: progress === 'halted' ? 'True' : 'False',
    reason: isSilent ? 'AsExpected' : reason,
    message: isSilent ? '' : message,
  };
}

/** The degraded nodes with those that have failed in a way that their agents cannot tell, or in vain. */
export function withFailures(counts: NodeCounts, plans: Iterable<NodePlan>): NodeCounts {
  const degraded = new Map(counts.degraded.map(({ name, reason }) => [name, reason]));
  for (const { name, failure } of plans) if (failure !== undefined) degraded.set(name, failure);
  if (degraded.size === 0) return counts;
  const named = [...degraded].map(([name, reason]) => ({ name, reason }));
  return { ...counts, degraded: named.toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
}

/** A merge patch keeps the members of an object that it does not name. */
function replacing(old: unknown, value: unknown): unknown {
  if (!isObject(old) || !isObject(value)) return value;
  const gone = Object.keys(old).filter((member) => !(member in value));
  return { ...Object.fromEntries(gone.map((member) => [member, null])), ...value };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
