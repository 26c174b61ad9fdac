import { isDeepStrictEqual } from 'node:util';
import { OS_IMAGE_OVERRIDDEN_ANNOTATION } from '../api/index.ts';
import type { MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import type { Change, Controller, ObjectKey, Outcome } from '../kube/index.ts';
import { outcomes } from '../kube/index.ts';
import { buildInForce, imageMode } from '../machineconfig/index.ts';
import { countNodes } from '../rollout/index.ts';
import { ControllerError } from './controller-error.ts';
import { patchSeen } from './patch-seen.ts';
import type { PoolFinding } from './pool-findings.ts';
import { poolController } from './pool-controller.ts';
import { isProgressAlone, poolStatusPatch, poolTarget, withFailures } from './pool-status.ts';
import { osImageSourceOf, renderedMachineConfig } from './render-input.ts';
import { POOLS, clusterKey, type PoolNode } from './resources.ts';
import { Rests } from './rests.ts';
import type { RolloutBoard } from './rollout-board.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/** Statuses that are written at once. */
const CONCURRENCY = 4;

/** How long the status of a pool rests after it was looked at: of thousands of nodes one changes at every moment. */
const RESTS = { multiple: 5, longest: 1000 };

/**
 * How often it is written how many nodes are updated, and nothing else, in milliseconds: people do not read so fast. A pool of three
 * nodes has each of its steps written, one of a hundred nodes and more one in five seconds.
 */
const COUNTED = { forEachNode: 50, longest: 5000 };

/**
 * The pool status controller (contract §3.7): counts the nodes of each pool, and says in its conditions what the other
 * controllers have found. Nobody else writes the status of a pool, and this one nothing else.
 */
export function poolStatusController(support: ControllerSupport, board: RolloutBoard): RunningController {
  const rests = new Rests(support.client.clock, RESTS);
  const written = new Map<string, number>();
  const controller = poolController(support, {
    name: 'pool-status',
    reconcile: (pool, { signal }) =>
      rests.take(pool, (spent) => reconcile(support, board, pool, { spent, written, signal })),
    concurrency: CONCURRENCY,
  });
  watchStatusSources(controller, support, board);
  return { controller };
}

/** One look at a pool. */
interface Look {
  /** Told for how many milliseconds it had the process to itself. */
  readonly spent: (time: number) => void;
  /** When the status of each pool was last written, by the clock's monotonic time. */
  readonly written: Map<string, number>;
  readonly signal: AbortSignal;
}

async function reconcile(
  { client, view, findings, settings }: ControllerSupport,
  board: RolloutBoard,
  name: string,
  { spent, written, signal }: Look,
): Promise<Outcome> {
  const began = client.clock.now();
  const pool = view.pools.cache.get(clusterKey(name));
  if (pool === undefined || pool.metadata['deletionTimestamp'] !== undefined) {
    written.delete(name);
    return outcomes.done;
  }
  const { osConfig, problem } = imageMode(
    pool,
    view.osConfigs.cache.byIndex('pool', name),
    settings.imageMode,
  );
  const builds =
    osConfig === undefined ? [] : view.osBuilds.cache.byIndex('osConfig', osConfig.metadata.name);
  const build = osConfig === undefined ? undefined : buildInForce(pool, osConfig, builds);
  const stream = streamOf(view, pool);
  const rollout = board.of(name);
  const counts = countNodes(board.members.nodesOf(name), poolTarget(pool, osConfig, build));
  const patch = poolStatusPatch({
    pool,
    nodes: withFailures(counts, rollout?.nodes.values() ?? []),
    ...(rollout === undefined ? {} : { rollout: rollout.pool }),
    ...(osConfig === undefined ? {} : { osConfig }),
    ...(build === undefined ? {} : { build }),
    finding: knownOf(findings.of(name), osConfig, problem?.message),
    ...(stream === undefined ? {} : { stream }),
    now: new Date(client.clock.wall()),
  });
  spent(client.clock.now() - began);
  if (patch === undefined) return outcomes.done;
  const now = client.clock.now();
  const rest = Math.min(COUNTED.longest, counts.total * COUNTED.forEachNode);
  const due = (written.get(name) ?? -Infinity) + rest;
  if (isProgressAlone(patch) && due > now) return outcomes.requeueAfter(due - now);
  written.set(name, now);
  await patchSeen(client, POOLS, pool, { status: patch }, { subresource: 'status', signal });
  return outcomes.done;
}

/** Of a pool without image mode it is known at once whether anything keeps it from having images. */
function knownOf(finding: PoolFinding, osConfig: MachineOSConfig | undefined, problem = ''): PoolFinding {
  return osConfig === undefined ? { ...finding, buildProblem: problem } : finding;
}

/** The stream whose image the pool's configuration runs, unless a MachineConfig asks for another image. */
function streamOf(view: ControllerSupport['view'], pool: MachineConfigPool): string | undefined {
  const rendered = renderedMachineConfig(view, pool);
  if (rendered?.metadata.annotations?.[OS_IMAGE_OVERRIDDEN_ANNOTATION] === 'true') return undefined;
  try {
    const { images, stream } = osImageSourceOf(view, pool);
    return images.osImageURL === rendered?.spec.osImageURL ? stream : undefined;
  } catch (error) {
    if (error instanceof ControllerError) return undefined;
    throw error;
  }
}

function watchStatusSources(
  controller: Controller,
  { view, findings }: ControllerSupport,
  board: RolloutBoard,
): void {
  const allPools = (): readonly ObjectKey[] =>
    view.pools.cache
      .values()
      .map(({ metadata }) => clusterKey(metadata.name))
      .toArray();
  controller.watch(view.pools, (change) => {
    const isMoving =
      change.type !== 'updated' ||
      !isDeepStrictEqual(change.old.spec.nodeSelector, change.object.spec.nodeSelector);
    return isMoving ? allPools() : [clusterKey(change.object.metadata.name)];
  });
  controller.watch(view.nodes, (change) => nodePools(board, change).map(clusterKey));
  controller.watch(view.osConfigs, (change) => {
    const states = change.type === 'updated' ? [change.old, change.object] : [change.object];
    return states.map(({ spec }) => clusterKey(spec.machineConfigPool.name));
  });
  controller.watch(view.osBuilds, ({ object }) => {
    const osConfig = view.osConfigs.cache.get(clusterKey(object.spec.machineOSConfig.name));
    return osConfig === undefined ? [] : [clusterKey(osConfig.spec.machineConfigPool.name)];
  });
  // Which stream an image is of; pools of an image mode that nobody can have say so by themselves.
  controller.watch(view.osImageStreams, allPools);
  findings.listen((pool) => controller.enqueue(clusterKey(pool)));
  board.listen((pool) => controller.enqueue(clusterKey(pool)));
}

/** The pools that have to count again. Of thousands of nodes one or the other says all the time that it is still there. */
function nodePools(board: RolloutBoard, change: Change<PoolNode>): readonly string[] {
  if (change.type === 'updated' && isSameNode(change.old, change.object)) return [];
  const { name } = change.object.metadata;
  return [...new Set([board.poolBefore(name), board.members.poolOf(name)])].filter(
    (pool) => pool !== undefined,
  );
}

function isSameNode(old: PoolNode, now: PoolNode): boolean {
  return isDeepStrictEqual(
    [old.metadata.labels, old.metadata.annotations, old.spec, old.status],
    [now.metadata.labels, now.metadata.annotations, now.spec, now.status],
  );
}
