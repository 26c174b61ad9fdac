import { DISRUPTION_ANNOTATION } from '../api/index.ts';
import { changeFor } from './change-cost.ts';
import { decideDrains } from './drain-permission.ts';
import { poolLabels } from './first-boot.ts';
import { permitIntent } from './ledger.ts';
import type { Member } from './member.ts';
import { nodePlans } from './node-plans.ts';
import { type Pass, readPass } from './pass.ts';
import { poolPlan } from './pool-plan.ts';
import { prefetchIntents } from './prefetching.ts';
import { Pulls } from './pulls.ts';
import type { NodeIntent, RolloutPlan } from './rollout-plan.ts';
import type { RolloutSnapshot } from './snapshot.ts';
import { decideTurns, type Turn } from './turns.ts';
import { upkeepIntents } from './upkeep.ts';

/**
 * One pass over a pool (architecture D7): what is to be written now, and of every node and of the pool one sentence about where it
 * is and why it is no further. It reads nothing but the snapshot, and the same snapshot has the same answer.
 *
 * Whoever carries it out writes each intent against the version of the object that the snapshot had, so that two controllers, or one
 * with an old cache, cannot both have their way: a `permit` against the pool's resourceVersion, everything else with
 * {@link nodePatch} against the Node's.
 */
export function planRollout(snapshot: RolloutSnapshot): RolloutPlan {
  let wakeAt: number | undefined;
  const pass = readPass(snapshot, (time) => {
    if (time > snapshot.now && time < (wakeAt ?? Infinity)) wakeAt = time;
  });
  const pulls = new Pulls(pass);
  const turns = decideTurns(pass, pulls);
  const { drains, atOnce } = decideDrains(pass, turns);
  const permit = permitIntent(pass, turns);
  const nodes = nodePlans(pass, turns, drains);
  const told: readonly NodeIntent[] = [
    ...pass.members
      .map((member) => tell(pass, member, turns.get(member.name), atOnce.has(member.name)))
      .filter((intent) => intent !== undefined),
    ...prefetchIntents(pass, turns, pulls),
  ];
  const written = new Set(told.map(({ node }) => node));
  const intents = [...(permit === undefined ? [] : [permit]), ...told, ...upkeepIntents(pass, written)];
  return { intents, nodes, pool: poolPlan(pass, nodes), ...(wakeAt === undefined ? {} : { wakeAt }) };
}

function tell(pass: Pass, member: Member, turn: Turn | undefined, drain: boolean): NodeIntent | undefined {
  const { name, target, facts } = member;
  if (turn?.kind === 'label' && facts.firstPool !== undefined) {
    const { metadata, spec } = facts.firstPool;
    const reason = `Node ${name} first booted with the configuration of MachineConfigPool ${metadata.name}, and is to be in it.`;
    return { kind: 'label', node: name, labels: poolLabels(spec.nodeSelector), reason };
  }
  if (turn?.kind !== 'assign' || target === undefined) return undefined;
  const change = changeFor(pass, member);
  const note = change.cost === 'nothing' ? undefined : change.note;
  const what = target.image === undefined ? 'without an image of the pool' : `from ${target.image}`;
  return {
    kind: 'assign',
    node: name,
    target,
    ...(turn.permit === undefined ? {} : { permit: turn.permit.id }),
    ...(note === undefined ? {} : { note }),
    drain,
    reason: `Node ${name} is to run ${target.machineConfig} ${what}${note === undefined ? '' : `, as ${DISRUPTION_ANNOTATION} says`}.`,
  };
}
