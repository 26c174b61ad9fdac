import type { MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import { isJsonObject } from '../schema/index.ts';
import { REPLACES_ANNOTATION } from './build-keys.ts';

/**
 * A build that gives way to another one of the same name: because a person asked for it, because it failed and is tried
 * again, or because its image is gone. Both can never exist at once, so the MachineOSConfig remembers it between the end of
 * the one and the beginning of the other: whoever takes over there neither forgets the new one nor makes it twice.
 */
export interface Replacement {
  readonly name: string;
  /** Of the old one: a build of this name and another uid is the new one. */
  readonly uid: string;
  /** That of the new one. */
  readonly attempt: number;
}

/** The replacement of one build. */
export function replacementOf({ metadata }: MachineOSBuild, attempt: number): Replacement {
  const { uid } = metadata;
  return { name: metadata.name, uid: typeof uid === 'string' ? uid : '', attempt };
}

/** The value of {@link REPLACES_ANNOTATION}. */
export function formatReplacement({ name, uid, attempt }: Replacement): string {
  return JSON.stringify({ name, uid, attempt });
}

/** What a MachineOSConfig remembers; `unreadable` where somebody has written something else there. */
export function readReplacement({ metadata }: MachineOSConfig): Replacement | 'unreadable' | undefined {
  const text = metadata.annotations?.[REPLACES_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return 'unreadable';
    const { name, uid, attempt } = value;
    if (typeof name !== 'string' || typeof uid !== 'string') return 'unreadable';
    if (typeof attempt !== 'number' || !Number.isSafeInteger(attempt) || attempt < 1) return 'unreadable';
    return { name, uid, attempt };
  } catch {
    return 'unreadable';
  }
}
