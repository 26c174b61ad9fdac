import { isImage } from '../host/index.ts';
import { settled } from './bookkeeping.ts';
import type { Settled } from './journal.ts';
import { describeDifference } from './activation.ts';
import { aheadOfTurn, isAhead } from './ahead-of-turn.ts';
import { isAsWanted } from './host-view.ts';
import { isUntouched, type LiveImage } from './live-record.ts';
import { wayBack, whileSatisfied } from './live-way.ts';
import { type Plan, resting, type Situation, stuck } from './situation.ts';
import { type ImageTarget, isSettled } from './target.ts';
import { otherDrivers, refuseStaged } from './refusal.ts';

/** What remains to be done on a host that runs what it is to run: nothing else may boot, and the node serves again. */
export function atTarget(situation: Situation): Plan {
  const { journal, view, target } = situation;
  const { booted, staged, pending } = view.status;
  // Where the way back may be a reboot, what is staged would be in its way.
  const isKept = staged !== undefined && isUntouched(journal, view) && isAhead(situation, staged);
  if (staged !== undefined && !isKept) return dropStaged(situation, 'in the place of what is wanted');
  if (target.kind === 'image' || target.kind === 'base') {
    const back = wayBack(situation, target);
    if (back !== undefined) return back;
  }
  const entry = settlement(situation);
  const newest = journal.history[0];
  if (
    newest === undefined ||
    !isSettled(booted, newest) ||
    newest.digest !== entry.digest ||
    newest.image !== entry.image ||
    newest.config !== entry.config ||
    newest.kind !== entry.kind
  ) {
    const reason = `The host runs ${entry.image ?? 'no image of a pool'}, as it is to.`;
    return { step: { kind: 'record', reason, journal: settled(journal, entry) }, phase: 'resuming' };
  }
  const checksum = journal.pinned[0];
  if (checksum !== undefined) {
    const reason = 'What runs is verified: what it replaced need no longer be kept from being replaced.';
    return { step: { kind: 'unpin', reason, checksum }, phase: 'resuming' };
  }
  const uncordons = untilUncordoned(situation);
  if (uncordons !== undefined) return uncordons;
  if (pending !== undefined) {
    const name = pending.image?.reference.name ?? pending.checksum ?? 'another deployment';
    return stuck(
      'done',
      `The next reboot leads to ${name}, because somebody rolled the host back: roll it back once more, or set the annotation desiredImage to that image.`,
    );
  }
  const ahead = aheadOfTurn(situation);
  if (ahead !== undefined) return ahead;
  if (target.kind === 'at-base')
    return resting('done', 'The node runs the image that it has without a pool.');
  const { booted: difference } = view.kernelArguments;
  if (!isAsWanted(difference)) {
    return resting('done', `The node runs what it is to run, but ${describeDifference(difference)}.`);
  }
  return resting('done', `The node runs what it is to run.${otherDrivers(view)}`);
}

/** The same on a host that was brought to it without a reboot. */
export function atLiveTarget(situation: Situation, target: ImageTarget, live: LiveImage): Plan {
  const { staged } = situation.view.status;
  if (staged !== undefined && !isImage(staged, target.digest)) {
    return { ...dropStaged(situation, 'in the place of what is wanted'), live: live.actions };
  }
  const satisfied = whileSatisfied(situation, target, live);
  if (satisfied !== undefined) return satisfied;
  const uncordons = untilUncordoned(situation);
  if (uncordons !== undefined) return { ...uncordons, live: live.actions };
  // The slot is taken: what is pulled next must not need it.
  const ahead = situation.view.abilities.ahead === 'fetch' ? aheadOfTurn(situation) : undefined;
  return ahead ?? resting('done', 'The node is like what it is to run, which takes over at its next boot.');
}

function dropStaged(situation: Situation, why: string): Plan {
  const { staged } = situation.view.status;
  const refusal = refuseStaged(situation);
  if (refusal !== undefined) return stuck('resuming', refusal);
  const dropped = staged?.image?.reference.name ?? staged?.checksum ?? 'a deployment';
  const reason = `${dropped} is staged, and would run after the next reboot ${why}.${otherDrivers(situation.view)}`;
  return { step: { kind: 'unstage', reason, dropped }, phase: 'resuming' };
}

function untilUncordoned({ node }: Situation): Plan | undefined {
  const wish = node.desiredDrain;
  if (wish?.startsWith('drain-') !== true && (wish === undefined || wish === node.lastAppliedDrain))
    return undefined;
  const reason = 'The node runs what it is to run, and waits to be uncordoned.';
  return { ...resting('resuming', reason), drain: 'uncordon' };
}

function settlement({ target, view, now }: Situation): Settled {
  const { booted } = view.status;
  const common = { checksum: booted?.checksum, at: now };
  if (target.kind === 'image' || target.kind === 'base') {
    const { kind, digest, image, config } = target;
    return { ...common, kind, digest, image, config };
  }
  const config = target.kind === 'at-base' ? target.config : undefined;
  return { ...common, kind: 'base', digest: booted?.image?.digest, image: undefined, config };
}
