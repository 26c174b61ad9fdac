import { CORDON_ANNOTATION } from '../api/index.ts';
import { time } from './journey.ts';
import type { Member } from './member.ts';
import type { Pass } from './pass.ts';
import type { NodeReason } from './rollout-plan.ts';

/** Why a node does not get its turn. */
export interface Wait {
  readonly reason: NodeReason;
  /** A whole sentence. */
  readonly message: string;
  /** It does not pass before a person does something. */
  readonly needsPerson: boolean;
}

/** Somebody else may take the node out of service now. */
export function leaseObjection({ wakeAt }: Pass, { name, lease }: Member): Wait | undefined {
  if (lease.kind !== 'foreign') return undefined;
  const { holder, until } = lease;
  if (until !== undefined) wakeAt(until);
  const end = until === undefined ? 'until it removes the annotation' : `until ${time(until)}`;
  const message = `Node ${name} is held by ${JSON.stringify(holder)} ${end} (annotation varve.dev/disruption-lease)`;
  return { reason: 'LeaseHeld', message, needsPerson: until === undefined };
}

/** A person cordoned the node: what goes on there is their business, and an update would end it. */
export function cordonObjection({ name, cordon }: Member): Wait | undefined {
  if (cordon !== 'person') return undefined;
  const message = `Node ${name} is cordoned by a person and stays as it is: uncordon it, or let it be updated as it is, and stay cordoned, with kubectl annotate node ${name} ${CORDON_ANNOTATION}=Kept`;
  return { reason: 'CordonedByPerson', message, needsPerson: true };
}

/** The node is not well: nobody knows whether an agent on it could do anything, or whether it would come back (contract §3.5). */
export function readinessObjection(pass: Pass, { name, isHealthy, node }: Member): Wait | undefined {
  if (isHealthy) return undefined;
  const bad = (node.status?.conditions ?? []).filter(
    ({ type, status }) => (type === 'Ready' ? 'True' : type in PRESSURES ? 'False' : status) !== status,
  );
  const what = bad.map(({ type, status }) => `${type} is ${status}`).join(', ');
  const since = Date.parse(bad.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '');
  const deadline = since + pass.policy.stuckAfter;
  const isLong = Number.isNaN(since) || deadline <= pass.now;
  if (!isLong) pass.wakeAt(deadline);
  const from = Number.isNaN(since) ? '' : ` since ${time(since)}`;
  const message = `Node ${name} is not well: ${what}${from}; it gets its turn when it is`;
  return { reason: 'NotReady', message, needsPerson: isLong };
}

/** Nobody on the node would hear what it is told. */
export function agentObjection({ now, policy, wakeAt }: Pass, member: Member): Wait | undefined {
  const { name, hasAgent, node, facts } = member;
  if (hasAgent) return undefined;
  const joined = Math.max(
    moment(node.metadata.creationTimestamp),
    moment(facts.machineConfigNode?.metadata['creationTimestamp']),
  );
  const deadline = joined + Math.min(AGENT_WITHIN, policy.stuckAfter);
  if (deadline > now) {
    wakeAt(deadline);
    const message = `Node ${name} waits for its agent, which has not reported yet`;
    return { reason: 'AwaitingAgent', message, needsPerson: false };
  }
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
  const tainted = taints.map(
    ({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`,
  );
  const hint =
    taints.length === 0
      ? 'see whether varve agent runs on the node'
      : `see whether the DaemonSet of varve agent tolerates the node's taints (${tainted.join(', ')})`;
  const message = `Node ${name} has no agent: none has reported since ${time(joined)}; ${hint}`;
  return { reason: 'NoAgent', message, needsPerson: true };
}

const PRESSURES = { DiskPressure: true, NetworkUnavailable: true };

/** How long a node may take from joining to its agent's first word. */
const AGENT_WITHIN = 10 * 60_000;

function moment(value: unknown): number {
  const found = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(found) ? 0 : found;
}
