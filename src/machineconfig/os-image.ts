import { GENERATED_BY_ANNOTATION } from '../api/index.ts';
import type { MachineConfig } from '../api/index.ts';

/** An image of the operating system, and the MachineConfig that asks for it in place of the default. */
export interface ChosenImage {
  readonly image: string;
  readonly machineConfig?: string;
}

/**
 * The last image in merge order that a user's MachineConfig names; one that a controller generated does not count,
 * since it repeats a default of its time (contract §2.4).
 */
export function chooseImage(
  machineConfigs: readonly MachineConfig[],
  member: 'osImageURL' | 'baseOSExtensionsContainerImage',
  defaultImage: string,
): ChosenImage {
  const chosen = machineConfigs.findLast(
    ({ metadata, spec }) =>
      (spec[member] ?? '') !== '' && metadata.annotations?.[GENERATED_BY_ANNOTATION] === undefined,
  );
  if (chosen === undefined) return { image: defaultImage };
  return { image: chosen.spec[member] ?? '', machineConfig: chosen.metadata.name };
}
