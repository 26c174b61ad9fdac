import type { MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import {
  BUILDER_ANNOTATION,
  buildStateOf,
  findCondition,
  isConditionTrue,
  isTerminalState,
  LAYERED_LABEL,
  ROLLBACK_TO_ANNOTATION,
  type BuildState,
} from '../api/index.ts';
import { buildInForce, imageMode, layeredGate, takesLayeredLabel } from '../machineconfig/index.ts';
import { withoutOutput } from '../osbuild/index.ts';

/**
 * How a pool is:
 * - `updated`: there is nothing to do.
 * - `waiting`: for a configuration, or for an image.
 * - `updating`: its nodes are on their way.
 * - `paused`: somebody said that they stay where they are, and they are not where they should be.
 * - `degraded`: something is broken.
 */
export type PoolState = 'updated' | 'waiting' | 'updating' | 'paused' | 'degraded';

/** One pool, from its objects alone. What there is not is null. */
export interface PoolSummary {
  readonly name: string;
  readonly state: PoolState;
  /** A sentence: what it waits for, or what is wrong and what to do. */
  readonly message: string;
  readonly paused: boolean;
  /** The rendered MachineConfig that a person has it stay at, whatever its MachineConfigs say. */
  readonly rolledBackTo: string | null;
  /** The rendered MachineConfig that its nodes are to run, and the one that all of them ran last. */
  readonly configuration: { readonly desired: string | null; readonly current: string | null };
  readonly imageMode: boolean;
  /** The build that its nodes get, or wait for. */
  readonly build: { readonly name: string; readonly state: BuildState } | null;
  /** What its nodes are to run, by digest: null until it is built. */
  readonly image: string | null;
  readonly nodes: {
    readonly total: number;
    readonly updated: number;
    readonly ready: number;
    readonly unavailable: number;
    readonly degraded: number;
  };
}

/** The parts of a pool that are wrong by themselves, in the order in which they keep it from anything. */
const BROKEN = ['RenderDegraded', 'ImageBuildDegraded', 'NodeDegraded', 'PinnedImageSetsDegraded'];

/**
 * Sums up a pool.
 *
 * @param builds of its MachineOSConfig
 * @param now milliseconds since 1970
 */
export function summarizePool(
  pool: MachineConfigPool,
  osConfigs: readonly MachineOSConfig[],
  builds: readonly MachineOSBuild[],
  now: number,
): PoolSummary {
  const { status } = pool;
  // What Varve's own configuration says is not known here.
  const { osConfig, problem } = imageMode(pool, osConfigs, undefined);
  const build = osConfig === undefined ? undefined : buildInForce(pool, osConfig, builds);
  const gate = layeredGate(osConfig, build);
  const facts: Facts = {
    pool,
    osConfig,
    problem: problem?.reason === 'NoPushRepository' ? undefined : problem?.message,
    build,
    image: gate.kind === 'go' ? gate.image : null,
    nodes: {
      total: status?.machineCount ?? 0,
      updated: status?.updatedMachineCount ?? 0,
      ready: status?.readyMachineCount ?? 0,
      unavailable: status?.unavailableMachineCount ?? 0,
      degraded: status?.degradedMachineCount ?? 0,
    },
    now,
  };
  const { name, annotations } = pool.metadata;
  const rolledBackTo = annotations?.[ROLLBACK_TO_ANNOTATION] || null;
  const { state, message } = judge(facts);
  return {
    name,
    state,
    message: withRollback(message, { name, state, rolledBackTo }),
    paused: pool.spec.paused === true,
    rolledBackTo,
    configuration: {
      desired: pool.spec.configuration?.name || null,
      current: status?.configuration?.name || null,
    },
    imageMode: osConfig !== undefined,
    build: build === undefined ? null : { name: build.metadata.name, state: buildStateOf(build) },
    image: facts.image,
    nodes: facts.nodes,
  };
}

/** What is said of a pool, and that nothing else of it moves before a rollback is undone. */
export function withRollback(
  message: string,
  { name, state, rolledBackTo }: Pick<PoolSummary, 'name' | 'rolledBackTo' | 'state'>,
): string {
  if (rolledBackTo === null || state === 'degraded') return message;
  return `${message}; it was rolled back to ${rolledBackTo}, and stays there, whatever its MachineConfigs say, until varve rollback ${name} --undo`;
}

interface Facts extends Pick<PoolSummary, 'image' | 'nodes'> {
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig | undefined;
  /** Of the pool's image mode. */
  readonly problem: string | undefined;
  readonly build: MachineOSBuild | undefined;
  readonly now: number;
}

type Judgement = Pick<PoolSummary, 'message' | 'state'>;

function judge(facts: Facts): Judgement {
  const { pool, osConfig } = facts;
  const broken = whatIsBroken(facts);
  if (broken !== undefined) return { state: 'degraded', message: broken };
  if ((pool.spec.configuration?.name ?? '') === '') {
    return waiting('waits for its first rendered configuration; is varve controller running?');
  }
  if (osConfig !== undefined) return waitForBuild(facts) ?? onNodes(facts);
  if (pool.metadata.labels?.[LAYERED_LABEL] !== undefined) {
    return waiting('waits for its MachineOSConfig, which its label asks for; is varve controller running?');
  }
  const { name } = pool.metadata;
  const remedy = takesLayeredLabel(name)
    ? `label it ${LAYERED_LABEL}=`
    : `create a MachineOSConfig named ${name}`;
  const message =
    facts.nodes.total === 0
      ? `is not in image mode and has no nodes; ${remedy} to build its image`
      : `is not in image mode: its nodes are left alone; ${remedy} to build their image`;
  return { state: 'updated', message };
}

/** What its conditions say is broken, in their own words. What the newest build says is newer. */
function whatIsBroken({ pool, build, problem }: Facts): string | undefined {
  const conditions = pool.status?.conditions;
  const failed = failureOf(build);
  const said = BROKEN.filter((type) => isConditionTrue(conditions, type))
    // A build that runs again is the better word.
    .filter(
      (type) => type !== 'ImageBuildDegraded' || build === undefined || isTerminalState(buildStateOf(build)),
    )
    .map((type) => findCondition(conditions, type)?.message || type);
  if (said[0] !== undefined) {
    const text = said.map(withoutOutput).join('; ');
    // Some of it was left out, which is there in full.
    return text === said.join('; ') || build === undefined ? text : `${text}; ${whereLog(build)}`;
  }
  return problem ?? failed;
}

function whereLog({ metadata }: MachineOSBuild): string {
  return `varve logs build/${metadata.name} has its log`;
}

function failureOf(build: MachineOSBuild | undefined): string | undefined {
  if (build === undefined || buildStateOf(build) !== 'failed') return undefined;
  const why = findCondition(build.status?.conditions, 'Failed')?.message ?? 'nobody said why';
  return `build ${build.metadata.name} failed: ${withoutOutput(withoutPrefix(why))}; ${whereLog(build)}`;
}

function waitForBuild({ osConfig, build, image, now }: Facts): Judgement | undefined {
  if (build === undefined) {
    const name = osConfig?.metadata.name ?? '';
    return waiting(`waits for MachineOSConfig ${name} to get a build; is varve controller running?`);
  }
  const { name } = build.metadata;
  switch (buildStateOf(build)) {
    case 'none':
    case 'initial':
    case 'prepared':
      return waiting(`waits for build ${name} to begin`);
    case 'building': {
      const began = Date.parse(build.status?.buildStart ?? '');
      const since = Number.isFinite(began) ? `, which has been running for ${formatAge(now - began)}` : '';
      const builder = build.metadata.annotations?.[BUILDER_ANNOTATION];
      const by = builder === undefined ? '' : `, in a container: ${builder}`;
      return waiting(`waits for build ${name}${since}${by}`);
    }
    case 'interrupted': {
      const why = findCondition(build.status?.conditions, 'Interrupted')?.message ?? '';
      return waiting(`build ${name} was interrupted${why === '' ? '' : `: ${withoutPrefix(why)}`}`);
    }
    case 'failed':
      return undefined;
    case 'succeeded':
      return image === null ? waiting(`waits for the image of build ${name} to be confirmed`) : undefined;
  }
}

function onNodes({ pool, nodes }: Facts): Judgement {
  const { total, updated, ready, unavailable } = nodes;
  const { generation } = pool.metadata;
  const observed = pool.status?.observedGeneration ?? 0;
  if (typeof generation === 'number' && observed < generation) {
    return waiting('has an image; nobody has looked at its nodes yet; is varve controller running?');
  }
  if (total === 0) return { state: 'updated', message: 'its image is built; it has no nodes' };
  const count = `${updated} of ${total} ${total === 1 ? 'node runs' : 'nodes run'} its image`;
  if (updated < total) {
    return pool.spec.paused === true
      ? { state: 'paused', message: `is paused (spec.paused): ${count}` }
      : { state: 'updating', message: count };
  }
  if (unavailable > 0 || ready < total) {
    return { state: 'updating', message: `${count}; ${Math.max(unavailable, total - ready)} not ready` };
  }
  return {
    state: 'updated',
    message: `${total === 1 ? 'its node runs' : `all ${total} nodes run`} its image`,
  };
}

function waiting(message: string): Judgement {
  return { state: 'waiting', message };
}

/** `Build Failed: cannot …` without what was said already. */
export function withoutPrefix(message: string): string {
  return message.replace(/^(?:Image )?Build (?:Failed|Interrupted): /u, '');
}

/** How long something has been, in one unit, as kubectl has it: `12s`, `5m`, `3h`, `9d`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
