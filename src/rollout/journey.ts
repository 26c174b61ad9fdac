import { DESIRED_DRAIN_ANNOTATION, LAST_APPLIED_DRAIN_ANNOTATION, STATE_ANNOTATION } from '../api/index.ts';
import type { Member } from './member.ts';
import { degradedReason, isNodeFailing } from './node-state.ts';
import type { RolloutPolicy } from './rollout-policy.ts';

/** Where a node is on its way to what it was told last. */
export type Stage =
  | 'Assigned'
  | 'Preparing'
  | 'Draining'
  | 'Applying'
  | 'Rebooting'
  | 'Resuming'
  | 'Uncordoning'
  | 'ReturningToService'
  | 'Soaking';

/** How long an agent may take to say anything about what its node was told; it answers within seconds. */
const ANSWER_WITHIN = 5 * 60_000;

/** How long a node that was told something else may go on saying that it is degraded, which it was before. */
const SETTLES_WITHIN = 60_000;

export function stageOf(member: Member): Stage {
  const { node, isDone, isRebooting, isHealthy, isBegun, asksDrain, current, desired } = member;
  const asked = node.metadata.annotations?.[DESIRED_DRAIN_ANNOTATION] ?? '';
  const applied = node.metadata.annotations?.[LAST_APPLIED_DRAIN_ANNOTATION] ?? '';
  if (isRebooting) return 'Rebooting';
  if (asked.startsWith('uncordon-') && asked !== applied) return 'Uncordoning';
  if (isDone) return isHealthy && !isBegun ? 'Soaking' : 'ReturningToService';
  const isThere = current.config === desired.config && current.image === desired.image;
  // A drain for what it was told before says nothing of this: its agent may be gone since.
  if (asksDrain && asked === `drain-${desired.config}` && !isThere) return 'Draining';
  if (asked.startsWith('drain-') && asked === applied && !isThere) return 'Applying';
  if (isThere) return 'Resuming';
  return hasAnswered(member) ? 'Preparing' : 'Assigned';
}

/** Why a node does not get to what it was told. */
export interface Failure {
  readonly kind: 'Degraded' | 'AgentSilent' | 'Stuck';
  readonly message: string;
}

/** A {@link Failure}, or when there will be one if nothing changes. */
export type Outlook = { readonly failure: Failure } | { readonly failsAt: number | undefined };

/**
 * Whether a node has failed at what it was told last (demand #55, #75): its agent says so, or says nothing, or nothing about
 * the node has changed for too long. Waiting for a drain is no failure of the node.
 */
export function outlookOf(member: Member, policy: RolloutPolicy, now: number): Outlook {
  const { name, isDone, isHealthy, isBegun, permit, told, isDegraded, desired } = member;
  if (desired.config === '') return { failsAt: undefined };
  if (isDegraded) {
    const at = settledAt(member);
    if (at > now) return { failsAt: at };
    const said = degradedReason(member.node);
    const reason = said === '' ? 'its agent does not say why' : said;
    return { failure: { kind: 'Degraded', message: `Node ${name} failed at ${desired.config}: ${reason}` } };
  }
  if (isDone && (isHealthy || permit === undefined)) return { failsAt: undefined };
  const stage = stageOf(member);
  // One that was staged ahead is drained without a word of its agent's, where no pod has to go for that.
  if (stage === 'Assigned' || (stage === 'Draining' && !hasAnswered(member))) {
    if (told === undefined) return { failsAt: undefined };
    const at = told.at + Math.min(ANSWER_WITHIN, policy.stuckAfter);
    if (at > now) return { failsAt: at };
    const message = `Node ${name}: its agent has not answered since ${time(told.at)}, when it was told to run ${desired.config}: see whether varve agent runs on the node`;
    return { failure: { kind: 'AgentSilent', message } };
  }
  // One that still waits for its turn, or for a drain, is not late.
  const isGoing = permit !== undefined || isBegun || told?.permit === '';
  if (stage === 'Draining' || !isGoing) return { failsAt: undefined };
  const last = lastProgress(member, now);
  if (last + policy.stuckAfter > now) return { failsAt: last + policy.stuckAfter };
  const what = isHealthy
    ? `has not got on since ${time(last)}, and is ${STAGE_WORDS[stage]}`
    : `is not Ready, and was seen to get on last at ${time(last)}, when it was ${STAGE_WORDS[stage]}`;
  return {
    failure: { kind: 'Stuck', message: `Node ${name} ${what}: look at it, at its console if need be` },
  };
}

/** What a node does in a stage, after `is`. */
export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  Assigned: 'told what to run',
  Preparing: 'pulling and staging its image',
  Draining: 'being drained',
  Applying: 'drained and being updated',
  Rebooting: 'rebooting',
  Resuming: 'checking what it runs',
  Uncordoning: 'waiting to be uncordoned',
  ReturningToService: 'updated, but not back in service',
  Soaking: 'updated',
};

/** When anything about the node's update changed last, in milliseconds since 1970. Times that are still to come tell nothing. */
export function lastProgress({ facts, node, permit, told, isHealthy }: Member, now: number): number {
  const conditions = facts.machineConfigNode?.status?.conditions ?? [];
  const times = conditions.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime ?? ''));
  if (!isHealthy) {
    const ready = (node.status?.conditions ?? []).find(({ type }) => type === 'Ready');
    times.push(Date.parse(ready?.lastTransitionTime ?? ''));
  }
  times.push(permit?.since ?? NaN, told?.at ?? NaN);
  return times.reduce((latest, found) => (found > latest && found <= now ? found : latest), 0);
}

/** A time as people read it: no more exact than what is said about it. */
export function time(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** What it says of itself may be about what it was told before. */
function settledAt({ told, facts }: Member): number {
  if (told === undefined) return 0;
  const condition = facts.machineConfigNode?.status?.conditions?.find(({ type }) => type === 'NodeDegraded');
  const isNews = condition?.status === 'True' && Date.parse(condition.lastTransitionTime ?? '') > told.at;
  return isNews ? 0 : told.at + SETTLES_WITHIN;
}

function hasAnswered({ node, current, isDone }: Member): boolean {
  const state = node.metadata.annotations?.[STATE_ANNOTATION] ?? '';
  if (isDone) return true;
  // An agent that has not looked yet says what it said of the last update.
  return state === 'Working' || isNodeFailing(node) || (state === 'Degraded' && current.config !== '');
}
