import { FIRST_CONFIG_ANNOTATION, type MachineConfigPool } from '../api/index.ts';
import { buildInForce, imageMode, layeredGate, type LayeredGate } from '../machineconfig/index.ts';
import { permitsPool, type NodeSnapshot, type PeerPool, type RolloutSnapshot } from '../rollout/index.ts';
import { controlPlaneMembers } from './control-plane.ts';
import type { ImageChanges } from './image-changes.ts';
import type { NodeAnswers } from './node-answers.ts';
import { clusterKey, type PoolNode } from './resources.ts';
import type { RolloutBoard } from './rollout-board.ts';
import type { ControllerSupport } from './support.ts';

/** Whose turn to be out of service depends on each other. */
const PEERS: Readonly<Record<string, string>> = { master: 'arbiter', arbiter: 'master' };

/** Owners of a MachineConfig that are pools. */
const POOL_KIND = 'MachineConfigPool';

/** Where what a pass decides from is taken from. */
export interface RolloutSources {
  readonly support: Pick<ControllerSupport, 'view' | 'settings' | 'findings' | 'client'>;
  readonly board: RolloutBoard;
  readonly changes: ImageChanges;
  /** Nodes as they are since this process wrote them. */
  readonly answers: NodeAnswers;
}

/** All that a pass over a pool decides from. */
export function rolloutInput(
  sources: RolloutSources,
  pool: MachineConfigPool,
  permits: MachineConfigPool | undefined,
): RolloutSnapshot {
  const { support, board, changes, answers } = sources;
  const { view, findings, settings, client } = support;
  const { name } = pool.metadata;
  const gate = gateOf(support, pool);
  const nodes = [...board.members.nodesOf(name)].map((node) => answers.newest(node));
  const peer = peerOf(sources, name);
  const holder = permits ?? permitsHolder(support, name);
  const { missingImage } = findings.of(name);
  return {
    pool,
    gate,
    ...(gate.kind === 'go' && missingImage === gate.image
      ? { imageProblem: `The registry does not have ${gate.image} any more.` }
      : {}),
    nodes: nodes.map((node) => nodeSnapshot(support, node)),
    changes: changes.to(gate, nodes),
    ...(holder === undefined || holder.metadata.name === name ? {} : { permitsPool: holder }),
    ...(peer === undefined ? {} : { peer }),
    controlPlane: controlPlaneMembers(view),
    ...(settings.nodeName === undefined ? {} : { controllerNode: settings.nodeName }),
    now: client.clock.wall(),
  };
}

/** What the nodes of a pool may be told to run. */
function gateOf(
  { view, settings }: Pick<ControllerSupport, 'view' | 'settings'>,
  pool: MachineConfigPool,
): LayeredGate {
  const { name } = pool.metadata;
  const { osConfig } = imageMode(pool, view.osConfigs.cache.byIndex('pool', name), settings.imageMode);
  if (osConfig === undefined) return layeredGate(undefined, undefined);
  const builds = view.osBuilds.cache.byIndex('osConfig', osConfig.metadata.name);
  return layeredGate(osConfig, buildInForce(pool, osConfig, builds));
}

function permitsHolder(
  { view }: Pick<ControllerSupport, 'view'>,
  pool: string,
): MachineConfigPool | undefined {
  const holder = permitsPool(pool, (name) => view.pools.cache.get(clusterKey(name)) !== undefined);
  return view.pools.cache.get(clusterKey(holder));
}

function peerOf({ support, board, answers }: RolloutSources, pool: string): PeerPool | undefined {
  const name = PEERS[pool];
  const peer = name === undefined ? undefined : support.view.pools.cache.get(clusterKey(name));
  if (peer === undefined) return undefined;
  return {
    name: peer.metadata.name,
    isPaused: peer.spec.paused === true,
    gate: gateOf(support, peer),
    nodes: [...board.members.nodesOf(peer.metadata.name)].map((node) => answers.newest(node)),
  };
}

function nodeSnapshot({ view }: Pick<ControllerSupport, 'view'>, node: PoolNode): NodeSnapshot {
  const machineConfigNode = view.machineConfigNodes.cache.get(clusterKey(node.metadata.name));
  const firstPool = firstPoolOf(view, node);
  return {
    node,
    ...(machineConfigNode === undefined ? {} : { machineConfigNode }),
    ...(firstPool === undefined ? {} : { firstPool }),
  };
}

/** The custom pool that the node was installed for (contract §3.5). */
function firstPoolOf(view: ControllerSupport['view'], { metadata }: PoolNode): MachineConfigPool | undefined {
  const config = metadata.annotations?.[FIRST_CONFIG_ANNOTATION] ?? '';
  if (config === '') return undefined;
  const owners: unknown = view.machineConfigs.cache.get(clusterKey(config))?.metadata['ownerReferences'];
  if (!Array.isArray(owners)) return undefined;
  const owner = owners.find(isPoolReference);
  if (owner === undefined || owner.name === 'master' || owner.name === 'worker') return undefined;
  return view.pools.cache.get(clusterKey(owner.name));
}

function isPoolReference(owner: unknown): owner is { readonly name: string } {
  return (
    typeof owner === 'object' &&
    owner !== null &&
    'kind' in owner &&
    owner.kind === POOL_KIND &&
    'name' in owner &&
    typeof owner.name === 'string'
  );
}
