import { hasUpdateBegun, type Member } from './member.ts';
import {
  isNodeAtTarget,
  isNodeDone,
  isNodeFailing,
  isNodeReady,
  isNodeTold,
  type RolloutNode,
} from './node-state.ts';
import { isOutOfService } from './occupancy.ts';
import type { Pass } from './pass.ts';
import type { NodeReason } from './rollout-plan.ts';
import type { ControlPlaneMember, PeerPool, RolloutSnapshot } from './snapshot.ts';

/** Why a node of the control plane has to wait. */
export interface Objection {
  readonly reason: Extract<NodeReason, 'Quorum' | 'OtherPoolFirst'>;
  readonly message: string;
}

/** Whether at most one node of this pool may be out of service, whatever it says itself. */
export function isControlPlanePool(pool: string): boolean {
  return pool === 'master' || pool === 'arbiter';
}

/**
 * Why a node must not be taken out of service now for the sake of the control plane; undefined: it may. etcd goes on while more
 * than half of its members do, so that half of the others and one more have to be well. Where there are but one or two, no
 * quorum outlives any update: the other one has to be well.
 *
 * @param holders nodes with a permit whose turn comes before the candidate's; they count as under way
 */
export function quorumObjection(
  snapshot: RolloutSnapshot,
  { members, byName }: Pick<Pass, 'members' | 'byName'>,
  holders: ReadonlySet<string>,
  candidate: Member,
): Objection | undefined {
  const all = controlPlane(snapshot, members);
  if (!all.some(({ node }) => node === candidate.name)) return undefined;
  const others = all.filter(({ node }) => node !== candidate.name);
  const under =
    others.find(({ node }) => holders.has(node) || byName.get(node)?.isBegun === true)?.node ??
    snapshot.peer?.nodes.find(hasUpdateBegun)?.metadata.name ??
    holderUnseen(snapshot, holders, candidate);
  if (under !== undefined) {
    const message = `Node ${candidate.name} waits for node ${under}: nodes of the control plane are updated one at a time`;
    return { reason: 'Quorum', message };
  }
  const well = others.filter(({ isHealthy }) => isHealthy).length;
  const needed = all.length <= 2 ? all.length - 1 : Math.floor(all.length / 2) + 1;
  if (well >= needed) return undefined;
  const bad = others.find(({ isHealthy }) => !isHealthy);
  const why = bad?.problem ?? 'the node is not Ready';
  const message = `Node ${candidate.name} has to stay: ${needed} other nodes of the control plane must be well to keep its quorum and ${well} are; node ${bad?.node ?? ''} is not counted on: ${why}`;
  return { reason: 'Quorum', message };
}

/**
 * Why a pool of the control plane has to wait for the other one (contract §3.2): `arbiter` goes when `master` is done, or, while
 * that is paused, when none of its nodes is out of service; `master` goes while no arbiter is.
 */
export function peerObjection({ pool, peer }: RolloutSnapshot): Objection | undefined {
  if (peer === undefined) return undefined;
  const { name } = pool.metadata;
  const out = peer.nodes.find((node) => !isServing(node));
  const waits = (why: string): Objection => ({
    reason: 'OtherPoolFirst',
    message: `MachineConfigPool ${name} waits for MachineConfigPool ${peer.name}: ${why}`,
  });
  if (out !== undefined && (name === 'master' || peer.isPaused)) {
    return waits(`its node ${out.metadata.name} is out of service`);
  }
  if (name !== 'arbiter' || peer.isPaused) return undefined;
  const behind = peer.nodes.find((node) => !isPeerUpdated(node, peer));
  return behind === undefined ? undefined : waits(`its node ${behind.metadata.name} is not updated yet`);
}

/**
 * A node that got its turn in a pool of the control plane and is in neither of them now, as far as is known: it may be back at any
 * moment, and goes on with that turn.
 */
function holderUnseen(
  { pool }: RolloutSnapshot,
  holders: ReadonlySet<string>,
  candidate: Member,
): string | undefined {
  if (!isControlPlanePool(pool.metadata.name)) return undefined;
  return [...holders].find((name) => name !== candidate.name);
}

/** Those that the snapshot names; for the pools that are the control plane by their name, at least their nodes. */
function controlPlane(
  { pool, peer, controlPlane: known }: RolloutSnapshot,
  members: readonly Member[],
): readonly ControlPlaneMember[] {
  const found = new Map((known ?? []).map((member) => [member.node, member]));
  if (!isControlPlanePool(pool.metadata.name)) return [...found.values()];
  for (const member of members) {
    if (found.has(member.name)) continue;
    found.set(member.name, { node: member.name, isHealthy: !isOutOfService(member) });
  }
  for (const node of peer?.nodes ?? []) {
    const { name } = node.metadata;
    if (!found.has(name)) found.set(name, { node: name, isHealthy: isNodeReady(node) });
  }
  return [...found.values()];
}

/** Whether a node of the other pool is in service, and stays so for now. */
function isServing(node: RolloutNode): boolean {
  return isNodeReady(node) && (!isNodeTold(node) || isNodeDone(node) || isNodeFailing(node));
}

function isPeerUpdated(node: RolloutNode, { gate }: PeerPool): boolean {
  switch (gate.kind) {
    case 'go':
      return (
        isNodeAtTarget(node, { machineConfig: gate.machineConfig, image: gate.image }) && isNodeDone(node)
      );
    case 'not-layered':
      return isServing(node);
    case 'wait':
    case 'failed':
      return false;
  }
}
