import type { Condition } from '../api/index.ts';

/** What controllers have found out about one pool that no object says, for the one who writes the pool's conditions. */
export interface PoolFinding {
  /** `RenderDegraded`; absent until the pool has been rendered, or tried to be. */
  readonly render?: Condition;
  /**
   * Why no build can be made, a whole sentence that names object and field; empty if nothing is known to be wrong, absent
   * until somebody has looked: what the pool's conditions say then stays.
   */
  readonly buildProblem?: string;
  /** The image in force by its digest, if its registry says that it does not have it; empty if it does. */
  readonly missingImage?: string;
}

/**
 * What the controllers of a process have found about pools. They tell; only the pool status controller writes conditions, once,
 * for all of them.
 */
export class PoolFindings {
  readonly #findings = new Map<string, PoolFinding>();
  readonly #listeners = new Set<(pool: string) => void>();

  of(pool: string): PoolFinding {
    return this.#findings.get(pool) ?? {};
  }

  /** Takes note of what has been found; those who listen are told if it is new. */
  tell(pool: string, news: PoolFinding): void {
    const known = this.of(pool);
    const next = { ...known, ...news };
    if (isSame(known, next)) return;
    this.#findings.set(pool, next);
    for (const listener of this.#listeners) listener(pool);
  }

  /** A pool that is gone. */
  forget(pool: string): void {
    this.#findings.delete(pool);
  }

  listen(listener: (pool: string) => void): void {
    this.#listeners.add(listener);
  }
}

function isSame(one: PoolFinding, other: PoolFinding): boolean {
  return (
    one.buildProblem === other.buildProblem &&
    (one.missingImage ?? '') === (other.missingImage ?? '') &&
    one.render?.status === other.render?.status &&
    one.render?.message === other.render?.message
  );
}
