import type { ObjectMeta } from '../api/index.ts';

/** What tells an object from another of its name; the name, for an object that no server has seen. */
export function uidOf({ metadata }: { readonly metadata: ObjectMeta }): string {
  const { uid } = metadata;
  return typeof uid === 'string' ? uid : metadata.name;
}
