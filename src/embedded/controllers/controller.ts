import type { ApiEnvironment, SystemClient } from '../rest/index.ts';
import { StoreError, type Change, type Store } from '../store/index.ts';
import { ChangeFeed } from './change-feed.ts';
import { isWorthTelling } from './work-queue.ts';

/**
 * One part of the control plane that reacts to changes. It is level-triggered: `observe` only notes what to look at, `work`
 * looks at the objects as they are now.
 */
export interface Controller {
  /** Constant, for messages. */
  readonly name: string;
  /** Whose changes it wants to see. */
  wants(storage: string): boolean;
  /** At the start: notes everything that there is. */
  begin(): void;
  /** Notes what a change may mean. */
  observe(change: Change): void;
  /** Does what is to be done, inside a transaction. @returns when to be called again although nothing changed, in ms */
  work(): number | undefined;
}

/** What controllers are made with. */
export interface ControllerSupport {
  readonly environment: ApiEnvironment;
  /** Writes as `kube-controller-manager`. */
  readonly client: SystemClient;
  /** Told of what fails and should not. */
  readonly report: (message: string) => void;
}

/** After an unexpected failure a controller rests for so long, and twice as long each time. Milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** Runs one controller on the changes of a store until it is stopped. */
export class ControllerRunner {
  readonly #controller: Controller;
  readonly #store: Store;
  readonly #feed: ChangeFeed;
  readonly #report: (message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isStopped = false;
  /** In a row. */
  #failures = 0;
  /** What it knows may be incomplete: it has to look at everything. */
  #mustBegin = true;
  #running: Promise<void> = Promise.resolve();

  /** @param report is told of failures that should not be */
  constructor(controller: Controller, store: Store, report: (message: string) => void) {
    this.#controller = controller;
    this.#store = store;
    this.#report = report;
    this.#feed = new ChangeFeed(
      store,
      (storage) => controller.wants(storage),
      () => {
        // While it rests after a failure, changes are no reason to try again.
        if (this.#failures === 0) this.#schedule();
      },
    );
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#feed.stop();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    this.#running = this.#running.then(async () => {
      // What comes in one turn of the event loop is worked on together.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      this.#isScheduled = false;
      if (!this.#isStopped) await this.#run();
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    let next: number | undefined;
    try {
      if (this.#mustBegin) {
        this.#feed.restart();
        this.#controller.begin();
        this.#mustBegin = false;
      }
      for (const change of this.#feed.take()) this.#controller.observe(change);
      next = await this.#store.transact(() => this.#controller.work());
      this.#failures = 0;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'closed') return;
      next = this.#failed(error);
    }
    clearTimeout(this.#timer);
    if (next === undefined || this.#isStopped) return;
    if (next <= 0) {
      this.#schedule();
      return;
    }
    this.#timer = setTimeout(() => this.#schedule(), Math.min(next, LONGEST_TIMER));
    this.#timer.unref();
  }

  /** @returns how long to rest */
  #failed(error: unknown): number {
    // Too much has happened since it looked: that is no failure.
    const isLate = error instanceof StoreError && error.code === 'compacted' && !this.#mustBegin;
    this.#mustBegin = true;
    if (isLate) return 0;
    this.#failures++;
    if (isWorthTelling(this.#failures)) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#report(`controller ${this.#controller.name} failed (attempt ${this.#failures}): ${why}`);
    }
    return Math.min(FIRST_PAUSE * 2 ** (this.#failures - 1), LONGEST_PAUSE);
  }
}

/** What Node's timers can hold. */
const LONGEST_TIMER = 2 ** 31 - 1;
