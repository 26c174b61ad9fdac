import { classifyOutput, type Deployment, isImage } from '../host/index.ts';
import { activationVerdict } from './activation.ts';
import { begun, wasChangedByOthers } from './bookkeeping.ts';
import { type HostView, isAsWanted } from './host-view.ts';
import { attemptOf, withAttempt } from './journal.ts';
import { satisfied } from './live-record.ts';
import { beforeBoot, liveWay, mayGoLive } from './live-way.ts';
import { isDrained } from './node-wishes.ts';
import { otherDrivers, refuseHost, refuseStaged } from './refusal.ts';
import { needsDrain, type Plan, type Situation, stuck } from './situation.ts';
import type { Step } from './step.ts';
import { type ImageTarget, isKnownGood, settledAs } from './target.ts';

const NO_CHANGE = { append: [], remove: [] } as const;

/** The way of a host to an image that it does not run, or runs with other kernel arguments. */
export function towardTarget(situation: Situation, target: ImageTarget): Plan {
  const { view, node, journal, policy, now } = situation;
  const { booted, pending } = view.status;
  const { digest, config } = target;
  const live = satisfied(journal, view);
  // What the host is like already stays, to be booted if need be, until the next image takes its place.
  const isLive = live !== undefined && isImage(view.status.staged, live.digest);
  const staged = isLive ? undefined : view.status.staged;
  const refusal = refuseStaged(situation) ?? refuseHost(situation);
  const isOurs = isImage(staged, digest);
  const permitted = !needsDrain(situation) || isDrained(node, config);

  // Whatever else is the matter, nothing that is not wanted, or not permitted, may boot.
  if (staged !== undefined && refuseStaged(situation) === undefined) {
    if (!isOurs || refusal !== undefined) {
      return drop(staged, 'is staged, which is not what the node is to run', otherDrivers(view));
    }
    if (!staged.locked && !permitted) return secure(situation, staged, digest);
  }
  if (refusal !== undefined) return stuck('preparing', refusal);
  if (policy.manualChange === 'respect' && wasChangedByOthers(journal, digest, booted)) {
    const runs = booted?.image?.reference.name ?? booted?.checksum ?? 'another deployment';
    const reason = `The node had reached ${target.image}, and somebody booted ${runs}: set the annotation desiredImage to that image, or set varve.dev/retry to a new value to go back.`;
    return staged === undefined
      ? stuck('preparing', reason)
      : drop(staged, 'was staged before somebody booted another image');
  }
  const verdict = activationVerdict(journal, digest, policy, now);
  if (verdict.kind === 'halted') {
    const reason = `${verdict.reason}. Another desiredImage, or a new value of varve.dev/retry, has it tried again.`;
    return staged === undefined ? stuck('preparing', reason) : drop(staged, 'is given up');
  }
  if (verdict.kind === 'later') {
    return { step: { kind: 'wait', reason: verdict.reason, until: verdict.at }, phase: 'preparing' };
  }
  const room = staged === undefined ? makeRoom(situation, digest) : undefined;
  if (room !== undefined) return room;
  const keep = lastKnownGood(situation);
  if (keep !== undefined) return keep;
  if (staged !== undefined) {
    const way = staged.locked ? liveWay(situation, target, staged) : undefined;
    return way ?? whenStaged(situation, target, staged, permitted);
  }
  if (isImage(pending, digest)) return activate(situation, target, permitted);
  return whenNothingStaged(situation, target, permitted);
}

function whenStaged(situation: Situation, target: ImageTarget, staged: Deployment, permitted: boolean): Plan {
  const { missing, surplus } = situation.view.kernelArguments.staged;
  if (!isAsWanted({ missing, surplus })) {
    if (!permitted && !stagesEarly(situation)) {
      return drop(staged, 'lacks kernel arguments, and is staged with them when the node is drained');
    }
    const reason = 'The staged image lacks kernel arguments that it is to run with.';
    const kernelArguments = { append: missing, remove: surplus };
    return {
      step: stage(situation, target, staged.locked, kernelArguments, reason),
      phase: phaseOf(permitted),
    };
  }
  return activate(situation, target, permitted);
}

function whenNothingStaged(situation: Situation, target: ImageTarget, permitted: boolean): Plan {
  const { view, journal } = situation;
  const { digest, image } = target;
  if (permitted || stagesEarly(situation)) {
    const again = isImage(view.status.booted, digest);
    const { missing, surplus } = view.kernelArguments.booted;
    const change = again ? { append: missing, remove: surplus } : NO_CHANGE;
    const reason = again
      ? `The node runs ${image} without the kernel arguments that belong to it.`
      : `The node is to run ${image}.`;
    // What needs no reboot is not to get one because the host went down meanwhile.
    const locked = !permitted || (stagesEarly(situation) && mayGoLive(situation, target));
    return { step: stage(situation, target, locked, change, reason), phase: phaseOf(permitted) };
  }
  if (view.abilities.fetch && !attemptOf(journal, digest).fetched) {
    const reason = `The node is to run ${image}, which is pulled before the node is drained.`;
    return { step: { kind: 'fetch', reason, image, digest, ahead: false }, phase: 'preparing' };
  }
  return activate(situation, target, permitted);
}

/** All is there: what remains is the drain, and the reboot. */
function activate(situation: Situation, { digest, config, image }: ImageTarget, permitted: boolean): Plan {
  const { view, journal, node, now } = situation;
  const { staged } = view.status;
  const drain = needsDrain(situation) ? { drain: 'drain' as const } : {};
  if (!permitted) {
    const isRevoked = node.lastAppliedDrain === `drain-${config}` && !node.unschedulable;
    const reason = isRevoked
      ? 'Waits for the node to be drained: it was, but it is schedulable again.'
      : 'Waits for the node to be drained.';
    const isReady = staged?.locked === true && beforeBoot(situation) === undefined;
    return {
      step: { kind: 'rest', reason },
      phase: 'draining',
      ...drain,
      ...(isReady ? { staged: image } : {}),
    };
  }
  const first = beforeBoot(situation);
  if (first !== undefined) return { ...first, ...drain };
  if (staged?.locked === true) {
    const reason = `The node is drained: it may boot ${image}.`;
    // From here on it may boot: nobody is to begin anything else with the node. If it cannot be let go, somebody may.
    const phase = journal.trouble === undefined ? 'rebooting' : 'applying';
    return { step: { kind: 'unlock', reason, image, digest }, phase, ...drain };
  }
  const { bootId } = view;
  const begins = journal.rebooting?.digest === digest && journal.rebooting.bootId === bootId;
  const record = begins ? journal : { ...begun(journal, digest), rebooting: { digest, bootId, at: now } };
  const reason = `The node reboots into ${image}.`;
  const soft = node.softReboot && staged !== undefined && staged.softRebootCapable !== false;
  return {
    step: { kind: 'reboot', reason, image, digest, soft, journal: record },
    phase: 'rebooting',
    ...drain,
  };
}

function stage(
  { journal }: Situation,
  { image, digest }: ImageTarget,
  locked: boolean,
  kernelArguments: Extract<Step, { readonly kind: 'stage' }>['kernelArguments'],
  reason: string,
): Step {
  return { kind: 'stage', reason, image, digest, locked, kernelArguments, journal: begun(journal, digest) };
}

/** A clean reboot would boot it, and the node is not drained. */
function secure(situation: Situation, staged: Deployment, digest: string): Plan {
  if (lockOf(situation) === 'none')
    return drop(staged, 'would boot at any reboot, and the node is not drained');
  const reason = 'What is staged is not locked, and the node is not drained.';
  return { step: { kind: 'lock', reason, digest }, phase: 'preparing' };
}

function drop(staged: Deployment, why: string, more = ''): Plan {
  const dropped = staged.image?.reference.name ?? staged.checksum ?? 'a deployment';
  return { step: { kind: 'unstage', reason: `${dropped} ${why}.${more}`, dropped }, phase: 'preparing' };
}

/** The disk was full when the image was to be made bootable: without more room it is again (host-contract §9.3). */
function makeRoom({ journal, policy, view }: Situation, digest: string): Plan | undefined {
  const { failures, cleaned } = attemptOf(journal, digest);
  const last = failures.at(-1);
  if (last?.kind !== 'finalization' || cleaned === failures.length) return undefined;
  if (classifyOutput({ status: 1, stdout: '', stderr: last.message }) !== 'disk') return undefined;
  const isSafe = settledAs(view.status.booted, journal) !== undefined;
  const dropRollback = policy.dropRollback && isSafe && failures.length > 1;
  const reason = `Room is made on the host's disks: the image could not be made bootable, ${last.message}.`;
  const after = withAttempt(journal, digest, { cleaned: failures.length });
  return {
    step: { kind: 'remedy', reason, remedy: 'clean-up', dropRollback, journal: after },
    phase: 'preparing',
  };
}

/** What runs is not verified and what it replaced was: the next image would take its place, so it is kept first. */
function lastKnownGood({ view, journal }: Situation): Plan | undefined {
  const { booted, rollback, staged } = view.status;
  if (staged !== undefined || !view.abilities.pin || isKnownGood(booted, journal)) return undefined;
  const checksum = rollback?.checksum;
  if (checksum === undefined || rollback?.pinned === true || !isKnownGood(rollback, journal))
    return undefined;
  const reason = `What runs is not verified: ${rollback?.image?.reference.name ?? checksum}, which was, is kept.`;
  const pinned = [...journal.pinned.filter((other) => other !== checksum), checksum];
  return { step: { kind: 'pin', reason, checksum, journal: { ...journal, pinned } }, phase: 'preparing' };
}

/** Whether an image is staged before the node is drained. */
function stagesEarly(situation: Situation): boolean {
  const lock = lockOf(situation);
  // Between staging and locking a reboot would boot it: a host that can pull beforehand need not take that chance.
  return lock === 'with-staging' || (lock === 'after-staging' && !situation.view.abilities.fetch);
}

function lockOf({ view, journal }: Situation): HostView['abilities']['lock'] {
  return journal.cannotLock === view.bootId ? 'none' : view.abilities.lock;
}

function phaseOf(permitted: boolean): 'applying' | 'preparing' {
  return permitted ? 'applying' : 'preparing';
}
