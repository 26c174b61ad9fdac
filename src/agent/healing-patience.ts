/** Times that a path is healed at once; whoever changes it again after that is at war with the agent. */
const AT_ONCE = 3;

/** Milliseconds before it is healed once more, doubling up to the second number. */
const FIRST_WAIT = 60_000;
const LONGEST_WAIT = 3_600_000;

/** Milliseconds that a path has to stay as it is to be forgotten. */
const PEACE = 6 * LONGEST_WAIT;

interface Struggle {
  count: number;
  last: number;
}

/** Keeps an agent and a program that both write a file from taking turns at it for ever. */
export class HealingPatience {
  readonly #struggles = new Map<string, Struggle>();

  /** Whether a path may be healed now; times are milliseconds that never go back. */
  isDue(path: string, now: number): boolean {
    return this.dueAt(path) <= now;
  }

  /** When a path may be healed; 0 for one that was not healed lately. */
  dueAt(path: string): number {
    const struggle = this.#struggles.get(path);
    if (struggle === undefined || struggle.count < AT_ONCE) return 0;
    return struggle.last + Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (struggle.count - AT_ONCE));
  }

  /** Takes note that a path was healed, or that it was tried in vain. */
  tried(path: string, now: number): void {
    for (const [other, { last }] of this.#struggles) if (now - last > PEACE) this.#struggles.delete(other);
    const count = (this.#struggles.get(path)?.count ?? 0) + 1;
    this.#struggles.set(path, { count, last: now });
  }

  /** Whether it was healed so often that something must be writing it. */
  isWar(path: string): boolean {
    return (this.#struggles.get(path)?.count ?? 0) >= AT_ONCE;
  }
}
