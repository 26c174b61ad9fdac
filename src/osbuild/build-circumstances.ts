import type { MachineOSConfig } from '../api/index.ts';
import { compareText } from '../ignition/index.ts';

/** The secrets of a build by name; both are the same where the user names one for both. */
export interface BuildSecrets {
  /** For pulling the base. */
  readonly pull: string;
  readonly push: string;
}

/** An object, as far as its version goes. */
interface Versioned {
  readonly metadata: { readonly uid?: unknown; readonly resourceVersion?: unknown };
}

/**
 * The secrets that a MachineOSConfig names (contract §1.3).
 *
 * @param clusterPullSecret for a MachineOSConfig that names none to pull with
 */
export function buildSecrets({ spec }: MachineOSConfig, clusterPullSecret: string): BuildSecrets {
  return {
    pull: spec.baseImagePullSecret?.name ?? clusterPullSecret,
    push: spec.renderedImagePushSecret.name,
  };
}

/**
 * The versions of what a build depends on besides its inputs, in one text that differs when any of them does. It tells
 * nothing of what is in a secret, so that everybody may see it.
 *
 * @param secrets by name; undefined for one that is not there
 */
export function buildCircumstances(secrets: Readonly<Record<string, Versioned | undefined>>): string {
  const entries = Object.entries(secrets).sort(([left], [right]) => compareText(left, right));
  return entries.map(([name, secret]) => `${name}:${versionOf(secret?.metadata)}`).join(' ');
}

function versionOf(metadata: Versioned['metadata'] | undefined): string {
  if (metadata === undefined) return 'missing';
  const parts = [metadata.uid, metadata.resourceVersion];
  return parts.map((part) => (typeof part === 'string' ? part : '')).join('/');
}
