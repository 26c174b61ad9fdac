import type { TestCluster } from '../test-cluster.ts';
import { SystemClient } from '../rest/index.ts';
import { ChangeFeed } from './change-feed.ts';
import type { Controller, ControllerSupport } from './controller.ts';

/** Rounds after which controllers that still have something to do are taken for never being done. */
const MAX_ROUNDS = 200;

/** Runs controllers step by step, so that a test says when: what they see is what was written before. */
export class TestDriver {
  /** What the controllers told of. */
  readonly reports: string[] = [];
  readonly #cluster: TestCluster;
  readonly #running: { readonly controller: Controller; readonly feed: ChangeFeed }[];

  constructor(cluster: TestCluster, make: (support: ControllerSupport) => readonly Controller[]) {
    this.#cluster = cluster;
    const { environment } = cluster;
    const client = new SystemClient(environment, 'controller');
    const controllers = make({ environment, client, report: (message) => this.reports.push(message) });
    this.#running = controllers.map((controller) => {
      const feed = new ChangeFeed(
        cluster.store,
        (storage) => controller.wants(storage),
        () => {},
      );
      controller.begin();
      return { controller, feed };
    });
  }

  /**
   * Lets all controllers work until none has anything left to do now.
   *
   * @returns in how many milliseconds one wants to be called again
   */
  async settle(): Promise<number | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.#cluster.store.revision;
      const pauses: number[] = [];
      for (const { controller, feed } of this.#running) {
        for (const change of feed.take()) controller.observe(change);
        const pause = await this.#cluster.store.transact(() => controller.work());
        if (pause !== undefined) pauses.push(pause);
      }
      if (this.#cluster.store.revision === before && !pauses.includes(0))
        return pauses.length === 0 ? undefined : Math.min(...pauses);
    }
    throw new Error(`the controllers are not done after ${MAX_ROUNDS} rounds`);
  }

  /** The writes that settled controllers make when they look at everything again: none, if all is well. */
  async writesAtRest(): Promise<number> {
    await this.settle();
    const before = this.#cluster.store.revision;
    for (const { controller } of this.#running) controller.begin();
    await this.settle();
    return this.#cluster.store.revision - before;
  }

  stop(): void {
    for (const { feed } of this.#running) feed.stop();
  }
}
