import type { ApiEnvironment, SystemClient } from '../rest/index.ts';
import type { Change, Store } from '../store/index.ts';
import { ChangeFeed } from './change-feed.ts';

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
}

/** After an unexpected failure a controller rests for so long, in milliseconds. */
const FAILURE_PAUSE = 1000;

/** Runs one controller on the changes of a store until it is stopped. */
export class ControllerRunner {
  readonly #controller: Controller;
  readonly #store: Store;
  readonly #feed: ChangeFeed;
  readonly #report: (message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param report is told of failures that should not be */
  constructor(controller: Controller, store: Store, report: (message: string) => void) {
    this.#controller = controller;
    this.#store = store;
    this.#report = report;
    this.#feed = new ChangeFeed(
      store,
      (storage) => controller.wants(storage),
      () => this.#schedule(),
    );
    controller.begin();
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

  async #run(): Promise<void> {
    let next: number | undefined;
    try {
      for (const change of this.#feed.take()) this.#controller.observe(change);
      next = await this.#store.transact(() => this.#controller.work());
    } catch (error) {
      this.#report(
        `controller ${this.#controller.name} failed: ${error instanceof Error ? error.message : String(error)}`,
      );
      // What it knew may be incomplete now: it looks at everything again.
      this.#controller.begin();
      next = FAILURE_PAUSE;
    }
    clearTimeout(this.#timer);
    if (next === undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => this.#schedule(), next);
    this.#timer.unref();
  }
}
