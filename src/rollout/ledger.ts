import { isServing } from './occupancy.ts';
import type { Member } from './member.ts';
import type { Pass } from './pass.ts';
import type { Permit } from './permits.ts';
import type { RolloutIntent } from './rollout-plan.ts';
import type { RolloutPolicy } from './rollout-policy.ts';
import { successors } from './successors.ts';
import type { Turn } from './turns.ts';

/**
 * How long a permit outlives the node that it is about, in milliseconds: a cache that has not heard of a new node yet must not
 * pass for the end of its turn.
 */
const UNSEEN = 2 * 60_000;

/** What is to be written about permits; undefined: nothing that anybody waits for. */
export function permitIntent(
  pass: Pass,
  turns: ReadonlyMap<string, Turn>,
): Extract<RolloutIntent, { readonly kind: 'permit' }> | undefined {
  const { snapshot, permits, members, byName, now, next: yetToCome } = pass;
  const holder = snapshot.permitsPool ?? snapshot.pool;
  const resourceVersion = holder.metadata['resourceVersion'];
  if (typeof resourceVersion !== 'string') return undefined;
  const peers = new Set((snapshot.peer?.nodes ?? []).map(({ metadata }) => metadata.name));
  const next: Record<string, Permit> = {};
  const ended: string[] = [];
  /** What of it somebody waits for. */
  let isDue = false;
  for (const [name, permit] of Object.entries(permits)) {
    const member = byName.get(name);
    const isNext = yetToCome.has(name);
    const kept = isNext
      ? permit
      : member === undefined
        ? keptUnseen(pass, permit, peers.has(name))
        : keptOf(pass, member, permit);
    if (kept === undefined) ended.push(name);
    else next[name] = kept;
    isDue ||= kept === undefined ? member?.isUpdated !== true : kept !== permit;
  }
  const granted = members.filter(({ name }) => turns.get(name)?.kind === 'grant').map(({ name }) => name);
  // No two writes that succeed have seen the same version, so that no two permits of a node have the same name.
  const id = `${holder.metadata.name}.${resourceVersion}`;
  for (const name of granted) next[name] = { id, since: now };
  const following = successors(pass, turns);
  const active = Object.keys(next).filter((name) => !yetToCome.has(name)).length;
  // Half of the places get new successors at once: each write of the pool is one that every controller has to hear of.
  isDue ||= granted.length > 0 || (following.size > 0 && following.size >= active / 2);
  if (!isDue && (ended.length === 0 || active > 0)) return undefined;
  for (const [name, after] of following) next[name] = { id, since: now, after };
  for (const [name, { after, ...permit }] of Object.entries(next))
    if (after !== undefined && !Object.hasOwn(next, after)) next[name] = permit;
  return {
    kind: 'permit',
    pool: holder.metadata.name,
    resourceVersion,
    permits: next,
    granted,
    reason: reasonOf(granted, ended, [...following.keys()]),
  };
}

/**
 * Whether the turn of a node is over, so that another one may take its place; its permit means nothing from then on. Only what the node
 * says after it was told under this permit tells anything about it.
 */
export function isOver(member: Member, { soak }: Pick<RolloutPolicy, 'soak'>, now: number): boolean {
  const { permit } = member;
  if (permit === undefined || !hasServed(member)) return false;
  return soak === 0 || (permit.done !== undefined && permit.done + soak <= now);
}

function hasServed(member: Member): boolean {
  return member.isTold && member.isDone && isServing(member);
}

/** The permit as it is to be from now on; undefined: it ends. */
function keptOf({ policy, now, wakeAt }: Pass, member: Member, permit: Permit): Permit | undefined {
  if (!hasServed(member)) {
    return permit.done === undefined ? permit : { id: permit.id, since: permit.since };
  }
  if (isOver(member, policy, now)) return undefined;
  if (permit.done === undefined) {
    wakeAt(now + policy.soak);
    return { ...permit, done: now };
  }
  wakeAt(permit.done + policy.soak);
  return permit;
}

/** A node that is not in this pool, as far as the caches know: of the pool that shares the permits, gone, or yet to be seen. */
function keptUnseen({ now, wakeAt }: Pass, permit: Permit, isPeer: boolean): Permit | undefined {
  if (isPeer) return permit;
  const end = permit.since + UNSEEN;
  if (end <= now) return undefined;
  wakeAt(end);
  return permit;
}

function reasonOf(
  granted: readonly string[],
  ended: readonly string[],
  following: readonly string[],
): string {
  const list = (names: readonly string[]): string =>
    `${names.length === 1 ? 'node' : 'nodes'} ${names.join(', ')}`;
  if (granted.length > 0) return `It is the turn of ${list(granted)}.`;
  if (ended.length > 0) return `The turn of ${list(ended)} is over.`;
  if (following.length > 0) return `It is the turn of ${list(following)} when others are done.`;
  return 'How long updated nodes have served is noted.';
}
