import { isOutAnyway } from './occupancy.ts';
import type { Member } from './member.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';

/**
 * The order in which nodes get their turn, always the same: those that are out of service anyway, then those that are
 * degraded, which another image may mend; zone by zone, nodes without a zone last, the oldest of a zone first (contract §3.5).
 * The node that the controller runs on is the last.
 */
export function inOrder(members: readonly Member[], controllerNode: string | undefined): readonly Member[] {
  const keyed = members.map((member) => ({ member, key: keyOf(member, controllerNode) }));
  keyed.sort((left, right) => (left.key < right.key ? -1 : Number(left.key > right.key)));
  return keyed.map(({ member }) => member);
}

function keyOf(member: Member, controllerNode: string | undefined): string {
  const { metadata } = member.node;
  const zone = metadata.labels?.[ZONE_LABEL] ?? '';
  return [
    rankOf(member, controllerNode),
    zone === '' ? '1' : `0${zone}`,
    // RFC 3339 in UTC sorts as text; a node without is as new as can be.
    metadata.creationTimestamp ?? '~',
    metadata.name,
  ].join('\0');
}

function rankOf(member: Member, controllerNode: string | undefined): string {
  if (isOutAnyway(member)) return '0';
  if (member.isDegraded) return '1';
  return member.name === controllerNode ? '3' : '2';
}
