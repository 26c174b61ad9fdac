import type { ObjectMeta } from '../api/index.ts';

/** A pool that a MachineConfig was rendered for. */
export interface RenderedOwner {
  readonly name: string;
  readonly uid: string;
}

/** The pool that a MachineConfig was rendered for: the pool controls it, and the name says so, too. */
export function renderedOwner({ name, ownerReferences }: ObjectMeta): RenderedOwner | undefined {
  if (!Array.isArray(ownerReferences)) return undefined;
  for (const owner of ownerReferences as readonly unknown[]) {
    if (typeof owner !== 'object' || owner === null) continue;
    const { kind, uid, controller, name: pool } = owner as Readonly<Record<string, unknown>>;
    if (kind !== 'MachineConfigPool' || controller !== true || typeof pool !== 'string') continue;
    if (name.startsWith(`rendered-${pool}-`) && typeof uid === 'string') return { name: pool, uid };
  }
  return undefined;
}
