import type { DrainVerdict } from './drain-permission.ts';
import { lastProgress, STAGE_WORDS, type Stage, stageOf, time } from './journey.ts';
import type { Member } from './member.ts';
import { cordonObjection, readinessObjection } from './obstacles.ts';
import { isServing } from './occupancy.ts';
import type { Pass } from './pass.ts';
import type { NodePlan } from './rollout-plan.ts';
import type { Turn } from './turns.ts';

/** What a node is doing, without what has been decided about its drain. */
type Account = Pick<NodePlan, 'progress' | 'reason' | 'message'>;

/** Says of every node where it is and why it is no further, by name. */
export function nodePlans(
  pass: Pass,
  turns: ReadonlyMap<string, Turn>,
  drains: ReadonlyMap<string, DrainVerdict>,
): readonly NodePlan[] {
  const plans = pass.members.map((member): NodePlan => {
    const { name } = member;
    const drain = drains.get(name) ?? { kind: 'none' };
    const failure = pass.failures.get(name);
    const turn = turns.get(name) ?? { kind: 'none' };
    return {
      name,
      ...accountOf(pass, member, turn, drain),
      drain: drain.kind,
      ...(failure === undefined ? {} : { failure: failure.message }),
    };
  });
  return plans.sort((left, right) => (left.name < right.name ? -1 : 1));
}

function accountOf(pass: Pass, member: Member, turn: Turn, drain: DrainVerdict): Account {
  const { name, isLeftAlone, isDeleting, target, isUpdated, permit } = member;
  const say = (progress: Account['progress'], reason: Account['reason'], message: string): Account => ({
    progress,
    reason,
    message,
  });
  if (isDeleting) return say('waiting', 'Deleting', `Node ${name} is being deleted`);
  if (isLeftAlone) {
    return say('updated', 'NotInImageMode', `Node ${name} is left alone: its pool is not in image mode`);
  }
  const failure = pass.failures.get(name);
  if (failure !== undefined) return say('stuck', failure.kind, failure.message);
  if (isUpdated && (permit === undefined || pass.over.has(name))) return settled(pass, member);
  const to = target?.machineConfig ?? '';
  switch (turn.kind) {
    case 'grant':
      return say('updating', 'Assigned', `Node ${name} gets its turn to run ${to}`);
    case 'assign':
      return say('updating', 'Assigned', `Node ${name} is told to run ${to}`);
    case 'label':
      return say(
        'waiting',
        'LabelsPending',
        `Node ${name} gets the labels of MachineConfigPool ${member.facts.firstPool?.metadata.name ?? ''}, with whose configuration it first booted`,
      );
    case 'wait':
      // What has begun is finished, whatever keeps others from beginning.
      if (drain.kind === 'permitted' && !member.isDone) return underWay(pass, member, drain);
      return say(turn.needsPerson ? 'stuck' : 'waiting', turn.reason, turn.message);
    case 'none':
      return underWay(pass, member, drain);
  }
}

/** It runs what it is to run, and its turn is over. */
function settled(pass: Pass, member: Member): Account {
  const { name, desired } = member;
  const unwell = readinessObjection(pass, member);
  if (unwell !== undefined) {
    const progress = unwell.needsPerson ? 'stuck' : 'waiting';
    return {
      progress,
      reason: unwell.reason,
      message: `${unwell.message.split(';')[0] ?? ''}; it runs ${desired.config}`,
    };
  }
  if (!isServing(member)) {
    const message = `Node ${name} runs ${desired.config} and is about to be uncordoned`;
    return { progress: 'updating', reason: 'ReturningToService', message };
  }
  if (cordonObjection(member) !== undefined) {
    const message = `Node ${name} runs ${desired.config}, and is cordoned by a person`;
    return { progress: 'updated', reason: 'CordonedByPerson', message };
  }
  return { progress: 'updated', reason: 'Updated', message: `Node ${name} runs ${desired.config}` };
}

/** It has been told what to run, and is not done with it, or has not served for long enough. */
function underWay(pass: Pass, member: Member, drain: DrainVerdict): Account {
  const { name, desired, permit, told, isHealthy } = member;
  const stall = pass.stalls.get(name);
  if (stall !== undefined) return { progress: 'stuck', reason: stall.kind, message: stall.message };
  const stage = stageOf(member);
  if (stage === 'Draining' && drain.kind === 'held') {
    return {
      progress: drain.needsPerson ? 'stuck' : 'waiting',
      reason: drain.reason,
      message: drain.message,
    };
  }
  const going = (message: string): Account => ({ progress: 'updating', reason: stage, message });
  switch (stage) {
    case 'Soaking': {
      const { soak } = pass.policy;
      const since = permit?.done ?? pass.now;
      if (soak === 0) return going(`Node ${name} runs ${desired.config} and serves again`);
      const end = time(since + soak);
      return going(
        `Node ${name} runs ${desired.config}, and is watched until ${end} before another follows (varve.dev/soak)`,
      );
    }
    case 'ReturningToService': {
      const unwell = isHealthy ? undefined : readinessObjection(pass, member);
      const why =
        unwell === undefined ? 'it is about to be uncordoned' : (unwell.message.split(';')[0] ?? '');
      return going(`Node ${name} runs ${desired.config} and is not back in service: ${why}`);
    }
    case 'Draining':
      return draining(pass, member);
    case 'Assigned': {
      const at = told === undefined ? '' : ` at ${time(told.at)}`;
      return going(`Node ${name} was told${at} to run ${desired.config}, and its agent has not answered yet`);
    }
    case 'Preparing':
    case 'Applying':
    case 'Rebooting':
    case 'Resuming':
    case 'Uncordoning':
      return going(
        `Node ${name} is on its way to ${desired.config}: it is ${STAGE_WORDS[stage]}${said(member, stage)}`,
      );
  }
}

function draining(pass: Pass, member: Member): Account {
  const { name, isBegun } = member;
  const deadline = lastProgress(member, pass.now) + pass.policy.stuckAfter;
  if (deadline > pass.now) pass.wakeAt(deadline);
  const message = `Node ${name} is ${isBegun ? 'being' : 'to be'} drained${said(member, 'Draining')}`;
  return { progress: deadline > pass.now ? 'updating' : 'stuck', reason: 'Draining', message };
}

/** Conditions of a MachineConfigNode in which somebody says how a stage goes. */
const TOLD_IN: Readonly<Partial<Record<Stage, string>>> = {
  Preparing: 'UpdatePrepared',
  Draining: 'Drained',
  Uncordoning: 'Uncordoned',
};

function said({ facts }: Member, stage: Stage): string {
  const type = TOLD_IN[stage];
  const condition = facts.machineConfigNode?.status?.conditions?.find((found) => found.type === type);
  const message = condition?.status === 'Unknown' ? (condition.message ?? '') : '';
  return message === '' ? '' : `: ${message.replace(/\.$/, '')}`;
}
