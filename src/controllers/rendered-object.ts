import { isDeepStrictEqual } from 'node:util';
import { OS_IMAGE_OVERRIDDEN_ANNOTATION } from '../api/index.ts';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import type { Rendered } from '../machineconfig/index.ts';

/** The rendered MachineConfig as it is to be stored: the pool controls it, and it goes with the pool (contract §2.7). */
export function renderedObject({ machineConfig }: Rendered, pool: MachineConfigPool): MachineConfig {
  const { apiVersion, kind, metadata } = pool;
  const { uid } = metadata;
  const owner = { apiVersion, kind, name: metadata.name, controller: true, blockOwnerDeletion: true };
  const owners = typeof uid === 'string' ? { ownerReferences: [{ ...owner, uid }] } : {};
  return { ...machineConfig, metadata: { ...machineConfig.metadata, ...owners } };
}

/**
 * How a rendered MachineConfig differs from what it should be: somebody has edited the configuration itself, or only what is
 * said about it, as after its pool was made anew.
 */
export type RenderedDifference = 'none' | 'metadata' | 'spec';

export function renderedDifference(found: MachineConfig, wanted: MachineConfig): RenderedDifference {
  if (!isDeepStrictEqual(found.spec, wanted.spec)) return 'spec';
  const isSame =
    isDeepStrictEqual(ownersOf(found), ownersOf(wanted)) && overriddenOf(found) === overriddenOf(wanted);
  return isSame ? 'none' : 'metadata';
}

/** What puts it right; what others have noted about it stays. */
export function putRight(found: MachineConfig, wanted: MachineConfig): MachineConfig {
  const { [OS_IMAGE_OVERRIDDEN_ANNOTATION]: _, ...others } = found.metadata.annotations ?? {};
  const { ownerReferences } = wanted.metadata;
  return {
    ...found,
    metadata: {
      ...found.metadata,
      annotations: { ...others, ...wanted.metadata.annotations },
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    spec: wanted.spec,
  };
}

/** Who owns it, as far as that decides on its life. */
function ownersOf({ metadata }: MachineConfig): readonly unknown[] {
  const { ownerReferences } = metadata;
  if (!Array.isArray(ownerReferences)) return [];
  return ownerReferences.map((owner) => {
    const { kind, name, uid, controller } = owner as Readonly<Record<string, unknown>>;
    return { kind, name, uid, controller };
  });
}

function overriddenOf({ metadata }: MachineConfig): string | undefined {
  return metadata.annotations?.[OS_IMAGE_OVERRIDDEN_ANNOTATION];
}
