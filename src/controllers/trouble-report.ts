import type { Clock } from '../kube/index.ts';
import type { Log } from './support.ts';

/** Failures that have one cause come together; this is waited for, in milliseconds. */
const GATHER = 300;
/** A trouble that lasts is said again after this. */
const AGAIN = 60_000;
/** How often is looked whether a trouble is over. */
const LOOK = 2000;

export interface TroubleReportOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What is wrong now, a sentence each. */
  readonly look: () => readonly string[];
}

/**
 * Says what is wrong with the cluster: each trouble when it is new, once in a minute as long as it lasts, and when all are
 * over. Nobody tells it what has happened, only that something has; it looks.
 */
export class TroubleReport {
  readonly #options: TroubleReportOptions;
  /** When each was said last. */
  #said = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: TroubleReportOptions) {
    this.#options = options;
  }

  /** Something has failed. */
  poke(): void {
    if (this.#said.size === 0) this.#schedule(GATHER);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(milliseconds: number): void {
    if (this.#isClosed || this.#cancel !== undefined) return;
    this.#cancel = this.#options.clock.schedule(milliseconds, () => {
      this.#cancel = undefined;
      this.#look();
    });
  }

  #look(): void {
    const { clock, log, look } = this.#options;
    const now = clock.now();
    const before = this.#said;
    this.#said = new Map();
    for (const trouble of look()) {
      const at = before.get(trouble);
      const isDue = at === undefined || now - at >= AGAIN;
      if (isDue) log.warn('cannot follow the cluster', { reason: trouble });
      this.#said.set(trouble, isDue ? now : at);
    }
    if (this.#said.size > 0) this.#schedule(LOOK);
    else if (before.size > 0) log.info('the cluster is followed again');
  }
}
