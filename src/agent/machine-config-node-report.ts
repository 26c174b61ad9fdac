import { type Condition, findCondition, type MachineConfigNode, mergeConditions } from '../api/index.ts';
import { CONFIG_DRIFTED } from './drift-report.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import { describeActions } from './live-way.ts';
import { shortened } from './node-report.ts';
import type { NodeWishes } from './node-wishes.ts';
import type { Phase, Plan } from './situation.ts';

type Status = NonNullable<MachineConfigNode['status']>;

/** Every type that a MachineConfigNode has (contract §1.5); what has not happened yet is False. */
const TYPES = [
  'UpdatePrepared',
  'UpdateExecuted',
  'UpdatePostActionComplete',
  'UpdateComplete',
  'Updated',
  'Resumed',
  'Drained',
  'AppliedFilesAndOS',
  'Cordoned',
  'Uncordoned',
  'RebootedNode',
  'NodeDegraded',
  'PinnedImageSetsProgressing',
  'PinnedImageSetsDegraded',
  'InternalReleaseImageDegraded',
] as const;

/** Conditions of which the end of an update makes nothing: they are about the node and not about the update. */
const LASTING: ReadonlySet<string> = new Set([
  'Updated',
  'NodeDegraded',
  'PinnedImageSetsProgressing',
  'PinnedImageSetsDegraded',
  'InternalReleaseImageDegraded',
  CONFIG_DRIFTED,
]);

/** Written by whoever drains nodes as well, whose words stand where they mean the same. */
const OF_THE_DRAIN: ReadonlySet<string> = new Set(['Cordoned', 'Drained', 'Uncordoned', 'UpdateComplete']);

/** What stands for a configuration that is not known yet (contract §5.15). */
const NOT_YET_SET = 'not-yet-set';

const LONGEST_MESSAGE = 32_768;

/**
 * What a MachineConfigNode is to say (contract §5.15); the very status that was found when there is nothing to write.
 *
 * @param currentConfig what the node runs, as its Node says or is to say
 * @param files how the node's files compare with its image's; absent: nothing new is known
 */
export function machineConfigNodeReport(
  found: MachineConfigNode,
  node: NodeWishes,
  currentConfig: string | undefined,
  plan: Plan,
  now: Date,
  files?: Condition,
): Status | undefined {
  const status = found.status;
  const isMomentary =
    plan.step.kind === 'record' || (plan.phase === 'checking' && plan.degraded === undefined);
  if (isMomentary) return status;
  const before = status?.conditions ?? [];
  const news = [
    ...conditionsOf(found, node, plan),
    ...(files === undefined ? [] : [shortenedCondition(files)]),
  ];
  const filled = TYPES.filter((type) => findCondition(before, type) === undefined).map(notYet);
  const conditions = mergeConditions(before, [...filled, ...news], now) as NonNullable<Status['conditions']>;
  const configVersion = configVersionOf(status, node, currentConfig, plan.phase);
  const { generation } = found.metadata as { readonly generation?: number };
  // It never decreases, and other writers count one further (contract §5.15).
  const observedGeneration = Math.max(status?.observedGeneration ?? 1, generation ?? 1);
  // Nobody acts on the count: while anything is to come it is said with that.
  const isCounted = status?.observedGeneration === observedGeneration || plan.phase !== 'done';
  if (
    conditions === before &&
    isCounted &&
    status?.configVersion?.current === configVersion.current &&
    status?.configVersion?.desired === configVersion.desired
  ) {
    return status;
  }
  return { ...status, conditions, configVersion, observedGeneration };
}

function configVersionOf(
  status: MachineConfigNode['status'],
  node: NodeWishes,
  currentConfig: string | undefined,
  phase: Phase,
): NonNullable<Status['configVersion']> {
  const isPrepared = phase !== 'preparing' && phase !== 'checking' && phase !== 'unmanaged';
  const desired = isPrepared ? node.desiredConfig : status?.configVersion?.desired;
  const current = currentConfig ?? status?.configVersion?.current;
  return { ...(current === undefined ? {} : { current }), desired: desired ?? NOT_YET_SET };
}

function shortenedCondition(condition: Condition): Condition {
  return { ...condition, message: shortened(condition.message ?? '', LONGEST_MESSAGE) };
}

function conditionsOf(found: MachineConfigNode, node: NodeWishes, plan: Plan): readonly Condition[] {
  const before = found.status?.conditions;
  const { degraded } = plan;
  const message = shortened(degraded ?? '', LONGEST_MESSAGE);
  const nodeDegraded: Condition =
    degraded === undefined
      ? {
          type: 'NodeDegraded',
          status: 'False',
          reason: 'AsExpected',
          message: 'The agent goes on as it should.',
        }
      : { type: 'NodeDegraded', status: 'True', reason: 'AgentStopped', message };
  return [...phaseConditions(found, node, plan), nodeDegraded].filter(
    ({ type, status }) => !OF_THE_DRAIN.has(type) || findCondition(before, type)?.status !== status,
  );
}

/** The rows of contract §5.15, one phase at a time; what came before it in the update is True by then. */
function phaseConditions(
  found: MachineConfigNode,
  node: NodeWishes,
  { phase, step, degraded, live }: Plan,
): readonly Condition[] {
  const say = (
    type: string,
    status: Condition['status'],
    reason: string,
    message = step.reason,
  ): Condition => ({
    type,
    status,
    reason,
    message: shortened(message, LONGEST_MESSAGE),
  });
  const line = `MachineConfig ${node.desiredConfig ?? ''}${node.desiredImage === undefined ? '' : ` / Image ${node.desiredImage}`}`;
  const notUpdated = say('Updated', 'False', 'UpdateInProgress', `The node is to run ${line}.`);
  const prepared = say('UpdatePrepared', 'True', 'Prepared', `The node is ready to boot ${line}.`);
  const cordoned = say(
    'Cordoned',
    node.unschedulable ? 'True' : 'Unknown',
    'Cordon',
    'The node is to be cordoned.',
  );
  const isDrained =
    node.desiredDrain?.startsWith('drain-') === true && node.lastAppliedDrain === node.desiredDrain;
  const drained = say('Drained', isDrained ? 'True' : 'Unknown', 'Drain', 'The node is to be drained.');
  switch (phase) {
    case 'unmanaged':
    case 'checking':
      return [];
    case 'preparing':
      return [notUpdated, say('UpdatePrepared', 'Unknown', 'Preparing', degraded ?? step.reason)];
    case 'draining':
      return [notUpdated, prepared, say('UpdateExecuted', 'Unknown', 'Draining'), cordoned, drained];
    case 'applying':
      return [
        notUpdated,
        prepared,
        say('UpdateExecuted', 'Unknown', 'Applying'),
        say('AppliedFilesAndOS', 'Unknown', 'Applying'),
        ...(node.desiredDrain === undefined ? [] : [cordoned, drained]),
      ];
    case 'rebooting':
      return [
        notUpdated,
        prepared,
        say('UpdateExecuted', 'True', 'Applied', `${line} is staged.`),
        say('AppliedFilesAndOS', 'True', 'Applied', `${line} is staged.`),
        ...(node.desiredDrain === undefined ? [] : [cordoned, drained]),
        // The same while it is let go and while it goes down.
        say('UpdatePostActionComplete', 'Unknown', 'Rebooting', `The node reboots into ${line}.`),
        say('RebootedNode', 'Unknown', 'Rebooting', `The node reboots into ${line}.`),
      ];
    case 'resuming': {
      const wasRebooted = isUnderWay(found, 'RebootedNode');
      return [
        notUpdated,
        ...(live === undefined ? [] : [prepared, ...appliedLive(live, line, say)]),
        ...(wasRebooted && live === undefined
          ? [
              say('RebootedNode', 'True', 'Rebooted', `The node was rebooted into ${line}.`),
              say('UpdatePostActionComplete', 'True', 'Rebooted', `The node was rebooted into ${line}.`),
            ]
          : []),
        say('Resumed', 'True', 'Resumed'),
        say('UpdateComplete', 'Unknown', 'Uncordoning'),
        say('Uncordoned', 'Unknown', 'Uncordoning'),
      ];
    }
    case 'done':
      return [
        say('Updated', 'True', 'Updated', `The node runs ${line}.`),
        ...(found.status?.conditions ?? []).flatMap(({ type, status, reason, message }) =>
          status === 'False' || LASTING.has(type)
            ? []
            : [say(type, 'False', reason, `Action during update to ${node.desiredConfig ?? ''}: ${message}`)],
        ),
      ];
  }
}

/** A change without a reboot (contract §5.15): what was done takes the reboot's place. */
function appliedLive(
  actions: readonly DisruptionAction[],
  line: string,
  say: (type: string, status: Condition['status'], reason: string, message?: string) => Condition,
): readonly Condition[] {
  const applied = `The host is like ${line}, without a reboot.`;
  const done = actions.at(-1)?.type ?? 'None';
  return [
    say('UpdateExecuted', 'True', 'Applied', applied),
    say('AppliedFilesAndOS', 'True', 'Applied', applied),
    say('UpdatePostActionComplete', 'True', done, `Done for ${line}: ${describeActions(actions)}.`),
  ];
}

function isUnderWay(found: MachineConfigNode, type: string): boolean {
  const status = findCondition(found.status?.conditions, type)?.status;
  return status === 'Unknown' || status === 'True';
}

function notYet(type: string): Condition {
  return { type, status: 'False', reason: 'NotYetOccurred', message: 'This has not happened yet.' };
}
