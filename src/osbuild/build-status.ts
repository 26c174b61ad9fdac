import type { BuildState, Condition, MachineOSBuild } from '../api/index.ts';
import { formatTime } from '../schema/index.ts';
import { buildStateOf, isTerminalState, mergeConditions } from '../api/index.ts';
import type { BuildFailureReason } from './build-failure.ts';

/** Why a build was stopped: another one took its place, or somebody stopped it. */
export type InterruptionReason = 'Superseded' | 'Interrupted';

/** What has become of a build. */
export type BuildNews =
  | { readonly state: 'initial' | 'prepared' | 'building' }
  /** `image`: by its digest; `isSeeded`: somebody else had built it before (contract §4.10). */
  | { readonly state: 'succeeded'; readonly image: string; readonly isSeeded?: boolean }
  | { readonly state: 'failed'; readonly reason: BuildFailureReason; readonly message: string }
  | { readonly state: 'interrupted'; readonly reason: InterruptionReason; readonly message: string };

type Status = NonNullable<MachineOSBuild['status']>;
type NewState = BuildNews['state'];

/** What the API takes as a condition's message, less what precedes it here. */
const MAX_MESSAGE = 32_000;

/**
 * From which states a build gets to a new one (contract, appendix A.1). An end is for good, and nothing is written twice.
 */
const BEFORE: Readonly<Record<NewState, readonly BuildState[]>> = {
  initial: ['none'],
  prepared: ['none', 'initial'],
  building: ['none', 'initial', 'prepared'],
  succeeded: ['none', 'initial', 'prepared', 'building'],
  failed: ['none', 'initial', 'prepared', 'building'],
  interrupted: ['none', 'initial', 'prepared', 'building'],
};

/** Type, reason and message of all conditions of a build, in their order (contract §4.7). */
const CONDITIONS = [
  ['prepared', 'Prepared', 'Prepared', 'Build Prepared and Pending'],
  ['building', 'Building', 'Building', 'Image Build In Progress'],
  ['failed', 'Failed', 'Failed', 'Build Failed'],
  ['interrupted', 'Interrupted', 'Interrupted', 'Build Interrupted'],
  ['succeeded', 'Succeeded', 'Ready', 'Build Ready'],
] as const;

/** Reason of a build, and of its MachineOSConfig's condition `Seeded`, whose image was there before (contract §4.10). */
export const SEEDED = 'PreBuiltImageSeeded';

/** Whether a build in one state may be said to be in another. */
export function mayMove(from: BuildState, to: NewState): boolean {
  return BEFORE[to].includes(from);
}

/**
 * The status of a build after news; undefined if there is nothing to write, because the build is there already or has come
 * to its end. All conditions are there, at most one is True. The one that says why a build failed or was stopped has a
 * reason for programs and a message for people.
 */
export function buildStatus(build: MachineOSBuild, news: BuildNews, now: Date): Status | undefined {
  if (!mayMove(buildStateOf(build), news.state)) return undefined;
  const { status } = build;
  return {
    ...status,
    conditions: mergeConditions(status?.conditions ?? [], conditionsOf(news), now),
    ...times(status, news.state, now),
    ...(news.state === 'succeeded' ? { digestedImagePushSpec: news.image } : {}),
  };
}

function conditionsOf(news: BuildNews): readonly Condition[] {
  return CONDITIONS.map(([state, type, reason, message]) => {
    if (news.state !== state) return { type, status: 'False', reason, message };
    if (news.state === 'succeeded' && news.isSeeded === true)
      return { type, status: 'True', reason: SEEDED, message: `${message}: the image had been built before` };
    if (news.state !== 'failed' && news.state !== 'interrupted')
      return { type, status: 'True', reason, message };
    const why = news.message.length > MAX_MESSAGE ? `${news.message.slice(0, MAX_MESSAGE)}…` : news.message;
    return { type, status: 'True', reason: news.reason, message: `${message}: ${why}` };
  });
}

/** Times are whole seconds, set once, and the API wants an end to be later than the start (contract §1.4). */
function times(
  status: Status | undefined,
  state: NewState,
  now: Date,
): Pick<Status, 'buildStart' | 'buildEnd'> {
  if (state === 'initial' || state === 'prepared') return {};
  const buildStart = status?.buildStart ?? formatTime(now.getTime());
  if (!isTerminalState(state)) return { buildStart };
  const earliest = Date.parse(buildStart) + 1000;
  return { buildStart, buildEnd: status?.buildEnd ?? formatTime(Math.max(now.getTime(), earliest)) };
}
