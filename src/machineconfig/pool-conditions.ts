import { buildStateOf, findCondition, isConditionTrue } from '../api/index.ts';
import { goQuote } from '../schema/index.ts';
import { layeredGate } from './build-in-force.ts';
import type { Condition, MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';

/** What the conditions of a pool depend on. */
export interface PoolFacts {
  /** Its `status.conditions` say how rendering and the last build went. */
  readonly pool: MachineConfigPool;
  /** How many nodes there are, and run what the pool wants, and are ready besides, and are out of service. */
  readonly nodes: {
    readonly total: number;
    readonly updated: number;
    readonly ready: number;
    readonly unavailable: number;
  };
  /** Nodes whose agent gave up, with what it says. */
  readonly degradedNodes: readonly { readonly name: string; readonly reason: string }[];
  /** Nodes that cannot hold the images of a PinnedImageSet. */
  readonly pinnedImageSetNodes: readonly string[];
  readonly osConfig?: MachineOSConfig;
  /** The build in force. */
  readonly build?: MachineOSBuild;
  /**
   * Why no build can be made: a whole sentence that names the object and the field to change. Empty: nothing is known to be wrong.
   * Absent: nobody has looked yet, and what the pool's conditions say of builds stays.
   */
  readonly buildProblem?: string;
}

/** The conditions that say what is broken; `build` only if there is something to say. */
interface Degradation {
  readonly node: Condition;
  readonly pinnedImageSets: Condition;
  readonly build: Condition | undefined;
}

/**
 * The conditions of a pool (contract §3.7) but for `RenderDegraded`, which the render side sets with
 * {@link renderCondition}. `Updated` is True exactly when `status.configuration` may take over `spec.configuration`.
 */
export function poolConditions(facts: PoolFacts): readonly Condition[] {
  const degradation: Degradation = {
    node: nodeDegraded(facts),
    pinnedImageSets: pinnedImageSetsDegraded(facts),
    build: imageBuildDegraded(facts),
  };
  const isDone = isUpdated(facts);
  const line = updateLine(facts);
  return [
    condition('Updated', isDone, '', isDone ? `All nodes are updated with ${line}` : ''),
    updating(facts, isDone, degradation),
    degradation.node,
    degradation.pinnedImageSets,
    ...(degradation.build === undefined ? [] : [degradation.build]),
    degraded(facts, degradation),
  ];
}

/** `RenderDegraded` of a pool; `error` is why its MachineConfigs cannot be rendered (contract §2.7). */
export function renderCondition(pool: string, error?: Error): Condition {
  if (error === undefined) return condition('RenderDegraded', false, '', '');
  const prefix = `cannot render pool ${JSON.stringify(pool)}: `;
  const why = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  return condition('RenderDegraded', true, '', `Failed to render configuration for pool ${pool}: ${why}`);
}

function isUpdated({ pool, nodes, osConfig, build }: PoolFacts): boolean {
  if (targetOf(pool) === '') return false;
  const { total, updated, ready, unavailable } = nodes;
  if (updated !== total || ready !== total || unavailable !== 0) return false;
  return osConfig === undefined || layeredGate(osConfig, build).kind === 'go';
}

function updating(facts: PoolFacts, isDone: boolean, degradation: Degradation): Condition {
  const { pool, osConfig } = facts;
  const isPaused = pool.spec.paused === true;
  if (targetOf(pool) === '') {
    return condition('Updating', false, '', 'Pool has no rendered configuration yet');
  }
  const isBroken =
    isConditionTrue(pool.status?.conditions, 'RenderDegraded') ||
    degradation.node.status === 'True' ||
    degradation.pinnedImageSets.status === 'True';
  if (osConfig !== undefined && isBroken && !isPaused) {
    return condition('Updating', false, '', 'Pool update paused due to degraded condition');
  }
  if (isDone) return condition('Updating', false, '', '');
  if (osConfig !== undefined) {
    return isPaused ? pausedLayered(facts, osConfig) : updatingLayered(facts, osConfig);
  }
  return isPaused
    ? condition('Updating', false, '', `Pool is paused; will not update to ${updateLine(facts)}`)
    : condition('Updating', true, '', `All nodes are updating to ${updateLine(facts)}`);
}

function updatingLayered({ build }: PoolFacts, osConfig: MachineOSConfig): Condition {
  if (build === undefined) {
    const message = `Pool is waiting for a new OS image build to start (mosc: ${osConfig.metadata.name})`;
    return condition('Updating', true, '', message);
  }
  const say = (isUpdating: boolean, message: string): Condition =>
    condition('Updating', isUpdating, '', `${message} (mosb: ${build.metadata.name})`);
  switch (buildStateOf(build)) {
    case 'none':
    case 'initial':
    case 'prepared':
      return say(true, 'Pool is waiting for OS image build to start');
    case 'building':
      return say(true, 'Pool is waiting for OS image build to complete');
    case 'succeeded':
      return say(true, 'Pool is waiting for nodes to apply OS image');
    case 'failed':
      return say(false, 'Pool update stopped due to OS image build failure');
    case 'interrupted':
      return say(false, 'Pool update stopped due to OS image build being interrupted');
  }
}

function pausedLayered({ build }: PoolFacts, osConfig: MachineOSConfig): Condition {
  if (build === undefined) {
    const message = `Pool is paused; waiting for a new OS image build to start (mosc: ${osConfig.metadata.name})`;
    return condition('Updating', true, '', message);
  }
  const say = (isUpdating: boolean, message: string): Condition =>
    condition('Updating', isUpdating, '', `Pool is paused; ${message} (mosb: ${build.metadata.name})`);
  switch (buildStateOf(build)) {
    case 'none':
    case 'initial':
      return say(true, 'OS image build has been created but not yet started');
    case 'prepared':
      return say(true, 'OS image build has been prepared but will not rollout');
    case 'building':
      return say(true, 'OS image build in progress');
    case 'succeeded':
      return say(false, 'OS image build completed successfully');
    case 'failed':
      return say(false, 'OS image build failed');
    case 'interrupted':
      return say(false, 'OS image build was interrupted');
  }
}

function nodeDegraded({ degradedNodes }: PoolFacts): Condition {
  if (degradedNodes.length === 0) return condition('NodeDegraded', false, '', '');
  const reason = `${degradedNodes.length} nodes are reporting degraded status on sync`;
  const said = degradedNodes.filter((node) => node.reason !== '');
  const message = said.map((node) => `Node ${node.name} is reporting: ${goQuote(node.reason)}`).join(', ');
  return condition('NodeDegraded', true, reason, message);
}

function pinnedImageSetsDegraded({ pinnedImageSetNodes }: PoolFacts): Condition {
  if (pinnedImageSetNodes.length === 0) return condition('PinnedImageSetsDegraded', false, '', '');
  const messages = pinnedImageSetNodes.map(
    (node) =>
      `Node ${node} references an invalid PinnedImageSet. See the node's MachineConfigNode resource for details.`,
  );
  const reason = 'one or more pinned image set is reporting degraded';
  return condition('PinnedImageSetsDegraded', true, reason, messages.join(', '));
}

/** Undefined where there is nothing to say: of a pool that never had a build, or whose build was interrupted. */
function imageBuildDegraded({ pool, osConfig, build, buildProblem }: PoolFacts): Condition | undefined {
  const failed = (which: string, why: string): Condition => {
    const message = `Failed to build OS image for pool ${pool.metadata.name}${which}: ${why}`;
    return condition('ImageBuildDegraded', true, 'BuildFailed', message);
  };
  if (buildProblem !== undefined && buildProblem !== '') return failed('', buildProblem);
  if (buildProblem === undefined) return undefined;
  const not = (reason: string, message: string): Condition =>
    condition('ImageBuildDegraded', false, reason, message);
  const wasDegraded = isConditionTrue(pool.status?.conditions, 'ImageBuildDegraded');
  if (osConfig === undefined) {
    const message = 'No layered pool objects found, clearing stale build degraded condition';
    return wasDegraded ? not('NoLayeredObjects', message) : undefined;
  }
  if (build === undefined) {
    const message = 'MachineOSConfig updated/created, waiting for MachineOSBuild';
    return wasDegraded ? not('BuildPending', message) : undefined;
  }
  switch (buildStateOf(build)) {
    case 'none':
    case 'initial':
    case 'prepared':
    case 'building':
      return not('Building', 'New build started');
    case 'succeeded':
      return not('BuildSuccess', 'Build completed successfully');
    case 'interrupted':
      return undefined;
    case 'failed': {
      const why = findCondition(build.status?.conditions, 'Failed')?.message ?? '';
      return failed(` (MachineOSBuild: ${build.metadata.name})`, why);
    }
  }
}

function degraded({ pool }: PoolFacts, { node, pinnedImageSets, build }: Degradation): Condition {
  const conditions = pool.status?.conditions;
  const render = findCondition(conditions, 'RenderDegraded');
  const lastBuild = build?.status ?? findCondition(conditions, 'ImageBuildDegraded')?.status;
  const messages: string[] = [];
  if (node.status === 'True') messages.push(node.message);
  if (render?.status === 'True') messages.push(render.message ?? '');
  if (lastBuild === 'True') messages.push('Custom OS image build failed');
  if (pinnedImageSets.status === 'True') messages.push(pinnedImageSets.message);
  return condition('Degraded', messages.length > 0, '', messages[0] ?? '');
}

function updateLine({ pool, osConfig, build }: PoolFacts): string {
  const gate = layeredGate(osConfig, build);
  return `MachineConfig ${targetOf(pool)}${gate.kind === 'go' ? ` / Image ${gate.image}` : ''}`;
}

function targetOf(pool: MachineConfigPool): string {
  return pool.spec.configuration?.name ?? '';
}

function condition(type: string, is: boolean, reason: string, message: string): Condition {
  return { type, status: is ? 'True' : 'False', reason, message };
}
