import {
  CORDON_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  PERMIT_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  PREFETCH_IMAGE_ANNOTATION,
} from '../api/index.ts';
import { readLease } from './lease.ts';
import { untainted } from './node-patch.ts';
import { isNodeDone, type RolloutNode } from './node-state.ts';
import type { NodeIntent } from './rollout-plan.ts';
import { SETTINGS } from './upkeep.ts';

/** What becomes of a node that no pool updates. */
export interface ReleasedNode {
  readonly intents: readonly NodeIntent[];
  /** Varve cordoned it, and it is to be uncordoned; the mark of its cordon goes in the same write. */
  readonly uncordon: boolean;
}

/**
 * Lets go of a node that is in no pool any more: its pool was deleted, it lost the label, or two custom pools claim it. It stays at
 * what it runs, and what had not begun does not. A node that reboots is left to its agent until it is back. Nodes that nobody's
 * rollout ever told anything are a person's business.
 *
 * @param now milliseconds since 1970
 */
export function releasedNode(node: RolloutNode, now: number): ReleasedNode {
  const { name, annotations } = node.metadata;
  const annotation = (key: string): string => annotations?.[key] ?? '';
  if (annotation(POST_CONFIG_ACTION_ANNOTATION) === 'Rebooting') return { intents: [], uncordon: false };
  const isOurs = readLease(annotations, now).kind === 'ours';
  const reason = `Node ${name} is in no pool any more.`;
  const intents: NodeIntent[] = [];
  const config = annotation(CURRENT_CONFIG_ANNOTATION);
  const image = annotation(CURRENT_IMAGE_ANNOTATION);
  const isThere =
    annotation(DESIRED_CONFIG_ANNOTATION) === config && annotation(DESIRED_IMAGE_ANNOTATION) === image;
  if (isOurs && !isThere) {
    const target = { machineConfig: config, ...(image === '' ? {} : { image }) };
    intents.push(
      config === ''
        ? { kind: 'unassign', node: name, reason }
        : { kind: 'assign', node: name, target, drain: false, reason },
    );
  }
  const isCordonOurs = annotation(CORDON_ANNOTATION) !== '';
  if (isOurs && isThere && (isNodeDone(node) || !isCordonOurs))
    intents.push({ kind: 'end-lease', node: name, reason });
  if (untainted(node).length < (node.spec?.taints ?? []).length)
    intents.push({ kind: 'untaint', node: name, reason });
  if (annotation(PREFETCH_IMAGE_ANNOTATION) !== '') {
    intents.push({ kind: 'prefetch', node: name, image: undefined, reason });
  }
  // On a node that a rollout never told anything they are a person's; one on its way goes it as it began.
  const copies = SETTINGS.filter((key) => annotations?.[key] !== undefined);
  if (copies.length > 0 && annotations?.[PERMIT_ANNOTATION] !== undefined && isThere && isNodeDone(node)) {
    const none = Object.fromEntries(copies.map((key) => [key, null]));
    intents.push({ kind: 'settings', node: name, annotations: none, reason });
  }
  // Only when its agent cannot be about to reboot it: what it is to run is what it runs, and that it was told before.
  return { intents, uncordon: isCordonOurs && isThere };
}
