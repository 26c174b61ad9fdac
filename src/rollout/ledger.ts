import { isServing } from './occupancy.ts';
import type { Member } from './member.ts';
import type { Pass } from './pass.ts';
import type { Permit } from './permits.ts';
import type { RolloutIntent } from './rollout-plan.ts';
import type { RolloutPolicy } from './rollout-policy.ts';
import type { Turn } from './turns.ts';

/**
 * How long a permit outlives the node that it is about, in milliseconds: a cache that has not heard of a new node yet must not
 * pass for the end of its turn.
 */
const UNSEEN = 2 * 60_000;

/** What is to be written about permits; undefined: nothing has changed. */
export function permitIntent(
  pass: Pass,
  turns: ReadonlyMap<string, Turn>,
): Extract<RolloutIntent, { readonly kind: 'permit' }> | undefined {
  const { snapshot, permits, members, byName, now } = pass;
  const holder = snapshot.permitsPool ?? snapshot.pool;
  const resourceVersion = holder.metadata['resourceVersion'];
  if (typeof resourceVersion !== 'string') return undefined;
  const peers = new Set((snapshot.peer?.nodes ?? []).map(({ metadata }) => metadata.name));
  const next: Record<string, Permit> = {};
  const ended: string[] = [];
  let isChanged = false;
  for (const [name, permit] of Object.entries(permits)) {
    const member = byName.get(name);
    const kept =
      member === undefined ? keptUnseen(pass, permit, peers.has(name)) : keptOf(pass, member, permit);
    if (kept === undefined) ended.push(name);
    else next[name] = kept;
    isChanged ||= kept !== permit;
  }
  const granted = members.filter(({ name }) => turns.get(name)?.kind === 'grant').map(({ name }) => name);
  // No two writes that succeed have seen the same version, so that no two permits of a node have the same name.
  const id = `${holder.metadata.name}.${resourceVersion}`;
  for (const name of granted) next[name] = { id, since: now };
  if (!isChanged && granted.length === 0) return undefined;
  return {
    kind: 'permit',
    pool: holder.metadata.name,
    resourceVersion,
    permits: next,
    granted,
    reason: reasonOf(granted, ended),
  };
}

/**
 * Whether the turn of a node is over, so that its permit ends and another node may get one in the same write. Only what the node
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

function reasonOf(granted: readonly string[], ended: readonly string[]): string {
  const list = (names: readonly string[]): string =>
    `${names.length === 1 ? 'node' : 'nodes'} ${names.join(', ')}`;
  if (granted.length > 0) return `It is the turn of ${list(granted)}.`;
  if (ended.length > 0) return `The turn of ${list(ended)} is over.`;
  return 'How long updated nodes have served is noted.';
}
