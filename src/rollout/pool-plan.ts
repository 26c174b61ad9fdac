import type { Pass } from './pass.ts';
import type { NodePlan, NodeReason, PoolPlan } from './rollout-plan.ts';
import { budgetSpent } from './turns.ts';

/** What keeps a node waiting only because of other nodes: they say more. */
const BEHIND_OTHERS: ReadonlySet<NodeReason> = new Set<NodeReason>([
  'MaxUnavailable',
  'MaxPulls',
  'FailureBudgetSpent',
]);

/** Says in one sentence where the pool is, from what is said of its nodes. */
export function poolPlan(pass: Pass, nodes: readonly NodePlan[]): PoolPlan {
  const { aim, failures, policy, policyProblems, snapshot } = pass;
  const { name } = snapshot.pool.metadata;
  const behind = nodes.filter(({ progress }) => progress !== 'updated');
  const moving = nodes.filter(({ progress }) => progress === 'updating');
  const stuck = nodes.filter(({ progress }) => progress === 'stuck');
  const [problem] = policyProblems;
  if (behind.length === 0) return updated(pass, nodes);
  // As the pool's status counts them: one that is not well runs what it is to run all the same.
  const there = pass.members.filter(({ isUpdated, isLeftAlone }) => isUpdated || isLeftAlone).length;
  const count = `${there} of ${nodes.length} nodes are updated`;
  if (aim.hold?.reason === 'PoolPaused') {
    const rest = moving[0] === undefined ? '' : `; ${lowered(moving[0].message)}, which had begun`;
    return { progress: 'paused', reason: 'PoolPaused', message: `${aim.hold.message} (${count}${rest})` };
  }
  if (problem !== undefined) return { progress: 'halted', reason: 'PolicyInvalid', message: problem };
  if (failures.size >= policy.failureBudget) {
    const first = nodes.find(({ failure }) => failure !== undefined);
    const isRest = nodes.some(({ reason }) => reason === 'FailureBudgetSpent');
    // Where no other node waits there is nothing to stop: the failed one is what is left to say.
    return {
      progress: 'halted',
      reason: isRest ? 'FailureBudgetSpent' : (first?.reason ?? 'Stuck'),
      message: isRest ? budgetSpent(pass) : (first?.failure ?? ''),
    };
  }
  const first = moving[0];
  if (first !== undefined) {
    const more = moving.length > 1 ? `, and ${moving.length - 1} more are on their way` : '';
    const bad = stuck[0] === undefined ? '' : `; ${lowered(stuck[0].message)}`;
    const message = `MachineConfigPool ${name}: ${count}; ${lowered(first.message)}${more}${bad}`;
    return { progress: 'updating', reason: first.reason, message };
  }
  if (aim.hold !== undefined) {
    const { reason, message, needsPerson } = aim.hold;
    return { progress: needsPerson ? 'halted' : 'waiting', reason, message };
  }
  const cause = causeOf(stuck) ?? causeOf(behind);
  return {
    // Those who wait for others wait for a person where none of the others moves, or will by itself.
    progress: stuck.length > 0 || cause?.reason === 'MaxUnavailable' ? 'halted' : 'waiting',
    reason: cause?.reason ?? 'Stuck',
    message: `MachineConfigPool ${name}: ${count}; ${lowered(cause?.message ?? '')}`,
  };
}

function updated({ snapshot, aim }: Pass, nodes: readonly NodePlan[]): PoolPlan {
  const { name } = snapshot.pool.metadata;
  const reason =
    nodes.length > 0 && nodes.every((node) => node.reason === 'NotInImageMode')
      ? 'NotInImageMode'
      : 'Updated';
  if (reason === 'NotInImageMode') {
    return {
      progress: 'updated',
      reason,
      message: `MachineConfigPool ${name} is not in image mode: its nodes are left alone`,
    };
  }
  const cordoned = nodes.filter((node) => node.reason === 'CordonedByPerson').map((node) => node.name);
  const but = cordoned.length === 0 ? '' : `; a person cordoned ${cordoned.join(', ')}`;
  const what = aim.target?.machineConfig ?? 'what it wants';
  return { progress: 'updated', reason, message: `MachineConfigPool ${name}: all nodes run ${what}${but}` };
}

/** Of nodes that wait for each other, the one that waits for something else. */
function causeOf(nodes: readonly NodePlan[]): NodePlan | undefined {
  return nodes.find(({ reason }) => !BEHIND_OTHERS.has(reason)) ?? nodes[0];
}

/** A sentence in the midst of another. */
function lowered(sentence: string): string {
  return /^Node |^Annotation /.test(sentence)
    ? sentence.charAt(0).toLowerCase() + sentence.slice(1)
    : sentence;
}
