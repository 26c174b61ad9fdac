import {
  DRIFT_POLICY_ANNOTATION,
  HOST_TOOL_ANNOTATION,
  REBOOT_ANNOTATION,
  UPDATE_TAINT,
} from '../api/index.ts';
import type { Member } from './member.ts';
import { isServing } from './occupancy.ts';
import type { Pass } from './pass.ts';
import type { NodeIntent } from './rollout-plan.ts';

/** What a person sets on a pool and its nodes' agents read. */
export const SETTINGS: readonly string[] = [DRIFT_POLICY_ANNOTATION, HOST_TOOL_ANNOTATION, REBOOT_ANNOTATION];

/**
 * What nodes carry besides their target: a taint while they are behind, the lease while they are disrupted, the pool's settings.
 *
 * @param written nodes that are written in this pass anyway
 */
export function upkeepIntents(pass: Pass, written: ReadonlySet<string>): readonly NodeIntent[] {
  // While no node runs the target there is no better place for pods, and the taint of one that waits can wait for its next write.
  const areOthersBetter = pass.members.some(({ isUpdated }) => isUpdated);
  return pass.members
    .filter(({ isDeleting }) => !isDeleting)
    .flatMap((member) => [
      taint(pass, member, areOthersBetter || written.has(member.name)),
      lease(member),
      settings(pass, member),
    ])
    .filter((intent) => intent !== undefined);
}

/**
 * Contract §3.6, but until the node serves again: the scheduler rather takes nodes that will not be drained soon. One that runs the
 * target and is only yet to say so may be rid of the taint already, or not.
 */
function taint(
  { aim }: Pass,
  { name, node, target, isLeftAlone, isUpdated, isBegun, isAsked, current, desired }: Member,
  now: boolean,
): NodeIntent | undefined {
  const isTainted = (node.spec?.taints ?? []).some(({ key }) => key === UPDATE_TAINT);
  if (isLeftAlone || isUpdated) {
    // Whoever uncordons it takes the taint away with the cordon.
    if (!isTainted || isBegun) return undefined;
    const reason = `Node ${name} runs what its pool wants: new pods are welcome.`;
    return { kind: 'untaint', node: name, reason };
  }
  const isThere = isAsked && current.config === desired.config && current.image === desired.image;
  if (!now || isTainted || isThere || aim.hold !== undefined || target === undefined) return undefined;
  const reason = `Node ${name} is to run ${target.machineConfig}: until then new pods rather go to other nodes.`;
  return { kind: 'taint', node: name, reason };
}

function lease(member: Member): NodeIntent | undefined {
  const { name, isDone } = member;
  if (member.lease.kind !== 'ours' || !isDone || !isServing(member)) return undefined;
  return { kind: 'end-lease', node: name, reason: `Node ${name} serves again: others may disrupt it.` };
}

function settings({ aim, snapshot }: Pass, { name, node, isLeftAlone }: Member): NodeIntent | undefined {
  if (isLeftAlone || aim.hold?.reason === 'PoolPaused') return undefined;
  const { pool } = snapshot;
  const changes = SETTINGS.flatMap((key) => {
    const wanted = pool.metadata.annotations?.[key];
    return node.metadata.annotations?.[key] === wanted ? [] : [[key, wanted ?? null] as const];
  });
  if (changes.length === 0) return undefined;
  const reason = `MachineConfigPool ${pool.metadata.name} says so for all of its nodes.`;
  return { kind: 'settings', node: name, annotations: Object.fromEntries(changes), reason };
}
