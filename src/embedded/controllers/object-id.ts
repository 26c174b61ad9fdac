import type { ObjectKey } from '../store/index.ts';

/** A key as one text: no part of it can have a NUL in it. */
export function idOf({ storage, namespace, name }: ObjectKey): string {
  return `${storage}\u0000${namespace}\u0000${name}`;
}

export function keyOf(id: string): ObjectKey {
  const [storage = '', namespace = '', name = ''] = id.split('\u0000');
  return { storage, namespace, name };
}
