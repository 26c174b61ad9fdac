import { createHash, timingSafeEqual } from 'node:crypto';
import type { User } from './user.ts';

/** A token that means a user for as long as the server runs. */
export interface StaticToken {
  readonly token: string;
  readonly user: User;
}

/**
 * Finds the user of a token. All tokens are compared, by their hashes, so that the time it takes says nothing of how much
 * of a token was right.
 */
export class StaticTokens {
  readonly #tokens: readonly { readonly hash: Buffer; readonly user: User }[];

  constructor(tokens: readonly StaticToken[]) {
    this.#tokens = tokens
      .filter(({ token }) => token !== '')
      .map(({ token, user }) => ({ hash: hashOf(token), user }));
  }

  find(token: string): User | undefined {
    const hash = hashOf(token);
    let found: User | undefined;
    for (const candidate of this.#tokens) {
      if (timingSafeEqual(candidate.hash, hash)) found = candidate.user;
    }
    return found;
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
