import {
  NOT_PREFETCHED,
  PREFETCH_IMAGE_ANNOTATION,
  PREFETCHED_IMAGE_ANNOTATION,
  ROLLBACK_IMAGE_ANNOTATION,
} from '../api/index.ts';
import { stageOf } from './journey.ts';
import { type Member, sameImage } from './member.ts';
import type { Pass } from './pass.ts';

/** Which nodes pull the pool's image now: no more than the policy allows begin to. */
export class Pulls {
  readonly #pulling: Set<string>;
  readonly #limit: number;
  readonly #image: string;

  constructor({ members, policy, aim, failures }: Pass) {
    this.#limit = policy.maxPulls;
    this.#image = aim.target?.image ?? '';
    const pulling = members.filter((member) => !failures.has(member.name) && isPulling(member, this.#image));
    this.#pulling = new Set(pulling.map(({ name }) => name));
  }

  /** Whether the node may be made to pull: it does already, has the image, or there is room for one more. */
  mayBegin(member: Member): boolean {
    if (this.#image === '' || this.#pulling.has(member.name) || hasImage(member, this.#image)) return true;
    return this.#pulling.size < this.#limit;
  }

  begin(member: Member): void {
    if (this.#image !== '' && !hasImage(member, this.#image)) this.#pulling.add(member.name);
  }
}

/** Whether the node need not pull an image: its agent has, or it would go back to it. */
export function hasImage({ node, current }: Member, image: string): boolean {
  const has = (key: string): boolean => sameImage(node.metadata.annotations?.[key] ?? '', image);
  return (
    has(PREFETCHED_IMAGE_ANNOTATION) || has(ROLLBACK_IMAGE_ANNOTATION) || sameImage(current.image, image)
  );
}

function isPulling(member: Member, image: string): boolean {
  if (image === '') return false;
  const { node, isTold, permit, isReady } = member;
  if (permit !== undefined) {
    const stage = stageOf(member);
    return (!isTold || stage === 'Assigned' || stage === 'Preparing') && !hasImage(member, image);
  }
  const { [PREFETCH_IMAGE_ANNOTATION]: asked = '', [PREFETCHED_IMAGE_ANNOTATION]: has } =
    node.metadata.annotations ?? {};
  // It pulls when it is told to run the image, and not before.
  if (has === NOT_PREFETCHED) return false;
  return isReady && sameImage(asked, image) && !hasImage(member, image);
}
