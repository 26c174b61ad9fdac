import { compareText } from '../ignition/index.ts';
import type { ObjectMeta } from './object-meta.ts';

interface Named {
  readonly metadata: ObjectMeta;
}

/** Orders objects by the time they were created, the newest first; those of one second by name. */
export function compareNewestFirst({ metadata: left }: Named, { metadata: right }: Named): number {
  return compareText(createdAt(right), createdAt(left)) || compareText(left.name, right.name);
}

/** Times of one form: they compare as text. Empty for an object that no server has stored. */
function createdAt(metadata: ObjectMeta): string {
  const time = metadata['creationTimestamp'];
  return typeof time === 'string' ? time : '';
}
