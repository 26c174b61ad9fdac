import type { Store } from '../store/index.ts';
import type { KindRegistry } from './kind-registry.ts';

/** What the API works with: where the objects are, which kinds there are, and what is not deterministic. */
export interface ApiEnvironment {
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A fresh UID. */
  readonly uid: () => string;
  /** A number in [0, 1), for generated names. */
  readonly random: () => number;
}

/** The alphabet of generated names: no vowels, so no words (k8s.io/apimachinery rand). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A text of Kubernetes' alphabet of generated names. */
export function randomName(random: () => number, length: number): string {
  return Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? 'x').join('');
}

/** The longest part of a generated name that comes from its prefix. */
const MAX_PREFIX = 58;

/** A name from `metadata.generateName`. */
export function generateName(prefix: string, random: () => number): string {
  return `${prefix.slice(0, MAX_PREFIX)}${randomName(random, 5)}`;
}
