import { PREFETCH_IMAGE_ANNOTATION } from '../api/index.ts';
import { sameImage } from './member.ts';
import type { Pass } from './pass.ts';
import { hasImage, type Pulls } from './pulls.ts';
import type { NodeReason, RolloutIntent } from './rollout-plan.ts';
import type { Turn } from './turns.ts';

type Prefetch = Extract<RolloutIntent, { readonly kind: 'prefetch' }>;

/** What a node waits for that is only a matter of time. */
const A_MATTER_OF_TIME: ReadonlySet<NodeReason> = new Set<NodeReason>([
  'MaxUnavailable',
  'MaxPulls',
  'Quorum',
  'OtherPoolFirst',
]);

/**
 * Has nodes pull the image before their turn comes, in the order of their turns and no more at once than the policy allows: over a slow
 * line that takes longer than all of the rollout's reboots (demand #30). What nodes were asked to pull that nobody wants any more, they
 * are asked no longer.
 */
export function prefetchIntents(
  pass: Pass,
  turns: ReadonlyMap<string, Turn>,
  pulls: Pulls,
): readonly Prefetch[] {
  const { members, aim } = pass;
  const image = aim.hold === undefined ? aim.target?.image : undefined;
  const intents: Prefetch[] = [];
  for (const member of members) {
    const { name, node, isDeleting } = member;
    if (isDeleting) continue;
    const asked = node.metadata.annotations?.[PREFETCH_IMAGE_ANNOTATION] ?? '';
    const turn = turns.get(name) ?? { kind: 'none' };
    if (image !== undefined && turn.kind === 'wait' && A_MATTER_OF_TIME.has(turn.reason)) {
      if (sameImage(asked, image) || hasImage(member, image)) continue;
      if (pulls.mayBegin(member)) {
        pulls.begin(member);
        const reason = `Node ${name} is to pull ${image} before its turn comes.`;
        intents.push({ kind: 'prefetch', node: name, image, reason });
        continue;
      }
    }
    // While nobody gets their turn it is not known what will be wanted then.
    const isOpen = aim.hold !== undefined || aim.target === undefined;
    const isWanted = !member.isUpdated && (isOpen || (image !== undefined && sameImage(asked, image)));
    // Those who are told what to run are asked no longer in the same breath.
    if (asked !== '' && !isWanted && turn.kind !== 'assign') {
      const reason = `Node ${name} need not pull ${asked} any more.`;
      intents.push({ kind: 'prefetch', node: name, image: undefined, reason });
    }
  }
  return intents;
}
