import { scryptSync } from 'node:crypto';

/** So that a guess takes a while: a key is a tag, which everybody may read who may read the registry, and passwords are short. */
const COST = { N: 2 ** 14, r: 8, p: 1 };

/** What tells a secret of a container build from any other, and nothing of it (architecture D3). */
export function slowHash(secret: string, purpose: string): string {
  return scryptSync(secret, purpose, 32, COST).toString('hex');
}
