import {
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
} from '../api/index.ts';
import { sameImage } from './member.ts';
import type { RolloutNode } from './node-state.ts';

/** Whether the node's agent says that the node takes nothing but a drain to be rebooted into this image. */
export function hasStaged({ metadata }: RolloutNode, image: string): boolean {
  return sameImage(metadata.annotations?.[STAGED_IMAGE_ANNOTATION] ?? '', image);
}

/**
 * Whether a node that has been drained reboots at once, so that the word that it is drained says so as well: its agent has what it is to
 * run staged, and asked for the drain for just that. What the note of a change says may need no reboot.
 */
export function rebootsWhenDrained(node: RolloutNode): boolean {
  const annotation = (key: string): string => node.metadata.annotations?.[key] ?? '';
  const image = annotation(DESIRED_IMAGE_ANNOTATION);
  return (
    hasStaged(node, image) &&
    !sameImage(annotation(CURRENT_IMAGE_ANNOTATION), image) &&
    annotation(DESIRED_DRAIN_ANNOTATION) === `drain-${annotation(DESIRED_CONFIG_ANNOTATION)}` &&
    annotation(DISRUPTION_ANNOTATION) === ''
  );
}
