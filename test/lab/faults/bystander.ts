import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Connection } from './api-client.ts';

/** After so long, in milliseconds, an honest client gives up. */
export const PATIENCE = 60_000;

/**
 * How long most requests may take while others are up to mischief, in milliseconds, where there are enough to speak of most;
 * or so many times what they took before, on a machine that has other things to do as well.
 */
const USUAL = 3000;
const SLOWER = 50;
const ENOUGH = 20;

/** What the thread of a {@link Bystander} saw. */
export interface Observation {
  /** Milliseconds of each request. */
  readonly latencies: readonly number[];
  /** What a request took before the attack, in milliseconds. */
  readonly undisturbed: number;
  /** Why it was not served. */
  readonly problem?: string;
}

/**
 * An honest client that asks for something small again and again while the server is attacked; in a thread of its own, for the
 * attack is work for its client too.
 */
export class Bystander {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves when it was served for the first time. */
  static async start(connection: Connection): Promise<Bystander> {
    const worker = new Worker(new URL('./bystander-thread.ts', import.meta.url), { workerData: connection });
    await once(worker, 'message');
    return new Bystander(worker);
  }

  /** @throws AssertionError if it was not served as if nobody else were there */
  async stop(): Promise<string> {
    const observed = once(this.#worker, 'message');
    this.#worker.postMessage('stop');
    const [{ latencies, undisturbed, problem }] = (await observed) as [Observation];
    const sorted = latencies.toSorted((a, b) => a - b);
    const [worst, usual] = [sorted.at(-1) ?? 0, sorted[Math.floor(sorted.length * 0.9)] ?? 0];
    const summary = `bystander: ${sorted.length} requests, 90 % within ${usual.toFixed(0)} ms, all within ${worst.toFixed(0)} ms`;
    assert.equal(problem, undefined, summary);
    assert.ok(sorted.length > 0 && worst < PATIENCE, summary);
    assert.ok(sorted.length < ENOUGH || usual < Math.max(USUAL, SLOWER * undisturbed), summary);
    return summary;
  }
}
