import type { Member } from './member.ts';
import { sameImage } from './member.ts';
import type { Pass } from './pass.ts';

/** What it costs a node to get to what its pool wants. */
export type ChangeCost =
  /** It runs that image already: its agent only takes note. */
  | { readonly cost: 'nothing' }
  /** Files and services while the node serves. */
  | { readonly cost: 'live'; readonly note: string }
  /** A drain and maybe a reboot. */
  | { readonly cost: 'disruption'; readonly note?: string };

/**
 * What it costs a member to get to its target. A change that is made while the node serves has its turn like any other, with
 * a permit and for as long as it takes: it may turn out to need a reboot after all, when the agent finds the images to differ in
 * more than they should; and what breaks one node by restarting a service must not break them all at once.
 */
export function changeFor({ snapshot }: Pass, { target, current, isBegun }: Member): ChangeCost {
  if (target === undefined) return { cost: 'nothing' };
  const image = target.image ?? '';
  if (!isBegun && (image === '' ? current.image === '' : sameImage(current.image, image))) {
    return { cost: 'nothing' };
  }
  const change = (snapshot.changes ?? []).find(
    ({ from, to }) =>
      from.machineConfig === current.config &&
      (from.image ?? '') === current.image &&
      to.machineConfig === target.machineConfig &&
      (to.image ?? '') === image,
  );
  if (change === undefined) return { cost: 'disruption' };
  return { cost: change.isLive ? 'live' : 'disruption', note: change.note };
}
