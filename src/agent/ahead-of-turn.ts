import { NOT_PREFETCHED } from '../api/index.ts';
import { type Deployment, isImage } from '../host/index.ts';
import { attemptOf } from './journal.ts';
import { isAsWanted } from './host-view.ts';
import { isUntouched } from './live-record.ts';
import { needsDrain, type Plan, type Situation } from './situation.ts';
import { readPinned } from './target.ts';

/**
 * An image that the node will be asked to run is brought to the host before (architecture D6), as far as that cannot make it
 * boot: staged where it is locked in the same act, pulled where the host can pull alone. Whether it comes to that or not, the
 * node runs what it is to run.
 */
export function aheadOfTurn(situation: Situation): Plan | undefined {
  const { view, journal } = situation;
  const wanted = wish(situation);
  if (wanted === undefined) {
    if (journal.prefetched === undefined) return undefined;
    const reason = 'What was pulled ahead of its turn is no longer asked for.';
    const record = { ...journal, prefetched: undefined };
    return { step: { kind: 'record', reason, journal: record }, phase: 'done', ahead: true };
  }
  const { image, digest } = wanted;
  const { booted, staged } = view.status;
  if (attemptOf(journal, digest).halted !== undefined) return undefined;
  if (isImage(staged, digest) || isImage(booted, digest) || journal.prefetched === digest) return undefined;
  const reason = `The node may be asked to run ${image} next: it is pulled ahead of its turn.`;
  const common = { phase: 'done', ahead: true } as const;
  switch (aheadBy(situation)) {
    case 'stage': {
      const kernelArguments = { append: [], remove: [] };
      return {
        step: { kind: 'stage', reason, image, digest, locked: true, kernelArguments, journal },
        ...common,
      };
    }
    case 'fetch':
      return { step: { kind: 'fetch', reason, image, digest, ahead: true }, ...common };
    case 'none':
      return undefined;
  }
}

/** Whether what is staged is there for that, and cannot boot. */
export function isAhead(situation: Situation, staged: Deployment): boolean {
  const wanted = wish(situation);
  return wanted !== undefined && isImage(staged, wanted.digest) && staged.locked && !staged.incompatible;
}

/**
 * What a Node is to say of an image that is asked for ahead of its turn: that it is at hand, or that it will not be before its turn,
 * so that nobody takes the node for one that still pulls. Undefined while it may come.
 */
export function prefetchedImage(situation: Pick<Situation, 'node' | 'journal' | 'view'>): string | undefined {
  const wanted = wish(situation);
  if (wanted === undefined) return undefined;
  const { booted, staged } = situation.view.status;
  const isThere =
    situation.journal.prefetched === wanted.digest ||
    isImage(booted, wanted.digest) ||
    isImage(staged, wanted.digest);
  if (isThere) return wanted.image;
  const isGivenUp = attemptOf(situation.journal, wanted.digest).halted !== undefined;
  return isGivenUp || aheadBy(situation) === 'none' ? NOT_PREFETCHED : undefined;
}

/**
 * An image that was staged ahead of its turn such that it takes nothing but a drained node to be rebooted into; undefined where there is
 * none, or where nobody has to drain the node.
 */
export function stagedAhead(
  situation: Pick<Situation, 'node' | 'journal' | 'view' | 'policy'>,
): string | undefined {
  const { view, journal } = situation;
  const { staged } = view.status;
  const wanted = wish(situation);
  if (wanted === undefined || staged === undefined || !isImage(staged, wanted.digest)) return undefined;
  const { failures, halted } = attemptOf(journal, wanted.digest);
  // What has failed before may have to wait, or for a person.
  const isNew = failures.length === 0 && halted === undefined;
  const isReady = staged.locked && !staged.incompatible && isAsWanted(view.kernelArguments.staged);
  return isNew && isReady && isUntouched(journal, view) && needsDrain(situation) ? wanted.image : undefined;
}

function wish({
  node,
}: Pick<Situation, 'node'>): { readonly image: string; readonly digest: string } | undefined {
  const image = node.prefetchImage;
  const read = image === undefined ? undefined : readPinned(image);
  return image !== undefined && typeof read === 'object' ? { image, digest: read.digest } : undefined;
}

/** A host whose locks failed in this boot stages nothing that nobody asked for yet. */
function aheadBy({ view, journal }: Pick<Situation, 'view' | 'journal'>): 'stage' | 'fetch' | 'none' {
  const { ahead } = view.abilities;
  return ahead === 'stage' && journal.cannotLock === view.bootId ? 'none' : ahead;
}
