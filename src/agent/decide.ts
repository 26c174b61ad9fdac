import { isImage } from '../host/index.ts';
import { atLiveTarget, atTarget } from './at-target.ts';
import { isSecuring, withPatience } from './attempt-step.ts';
import { adoption, bookkeeping } from './bookkeeping.ts';
import { isAsWanted } from './host-view.ts';
import { EMPTY_JOURNAL } from './journal.ts';
import { type AgentFacts, type Plan, resting, type Situation, stuck } from './situation.ts';
import { satisfied } from './live-record.ts';
import { sweep } from './live-way.ts';
import { type ImageTarget, settledAs, targetOf } from './target.ts';
import { towardTarget } from './toward-target.ts';
import { unseenHost } from './unseen-host.ts';

/**
 * What an agent does next: a function of what is there now and of nothing else. Whoever calls it does the step, and then
 * asks again with what is there then (architecture D7, D8).
 */
export function decide({ journal: reading, node, host, policy, now }: AgentFacts): Plan {
  if (reading.state === 'unusable') {
    return stuck(
      'checking',
      `The agent's journal cannot be used: ${reading.reason}. Nothing is done before that.`,
    );
  }
  if (host.state !== 'fresh') return unseenHost(host, policy, now);
  const { view } = host;
  if (reading.state !== 'read') {
    const lost = reading.state === 'damaged' ? reading.reason : undefined;
    const target = targetOf(node, EMPTY_JOURNAL, view);
    return { step: adoption(node, view, target, now, lost), phase: 'checking' };
  }
  const { journal } = reading;
  const situation: Situation = { journal, node, view, policy, now, target: targetOf(node, journal, view) };
  const first = planFor(situation);
  const plan = isSecuring(first.step) || first.phase === 'unmanaged' ? first : (sweep(situation) ?? first);
  const record = isSecuring(plan.step) ? undefined : bookkeeping(situation);
  if (record !== undefined) return { step: record, phase: 'checking' };
  return withPatience(plan, situation);
}

function planFor(situation: Situation): Plan {
  const { target } = situation;
  switch (target.kind) {
    case 'none':
      return resting('unmanaged', 'Nothing is asked of this node: it has no annotation desiredConfig.');
    case 'invalid':
      return stuck('preparing', target.reason);
    case 'at-base':
      return atTarget(situation);
    case 'image':
    case 'base':
      return planForImage(situation, target);
  }
}

function planForImage(situation: Situation, target: ImageTarget): Plan {
  const { journal, view } = situation;
  if (isReached(situation, target.digest)) return atTarget(situation);
  const live = satisfied(journal, view);
  return live?.digest === target.digest
    ? atLiveTarget(situation, target, live)
    : towardTarget(situation, target);
}

/** What was verified once is not doubted for an argument that somebody changed for one boot. */
function isReached({ view, journal }: Situation, digest: string): boolean {
  const { booted } = view.status;
  if (!isImage(booted, digest)) return false;
  return isAsWanted(view.kernelArguments.booted) || settledAs(booted, journal) !== undefined;
}
