import type { Answer, ApiClient } from '../../test/lab/faults/api-client.ts';
import { Times } from './quantiles.ts';

/** One request of a load. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
}

/** What a load did. */
export interface LoadResult {
  readonly done: number;
  readonly perSecond: number;
  /** From sending a request to the end of its answer. */
  readonly latency: Times;
}

/** Sends requests one after the other from each of so many writers, for so long or so often. */
export async function closedLoop(
  clients: readonly ApiClient[],
  { writers, until }: { readonly writers: number; readonly until: (index: number) => boolean },
  call: (index: number) => Call,
): Promise<LoadResult> {
  const run = new Run();
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const client = clients[writer % clients.length];
      if (client === undefined) return;
      while (!until(next)) await run.send(client, call(next++));
    }),
  );
  return run.result();
}

/** More than so many requests under way mean that the rate cannot be kept, and wait. */
const MAX_UNDER_WAY = 1000;

/** Sends so many requests a second, whether the last ones are answered or not. */
export async function paced(
  clients: readonly ApiClient[],
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  call: (index: number) => Call,
): Promise<LoadResult> {
  const run = new Run();
  const underWay = new Set<Promise<void>>();
  const start = performance.now();
  let sent = 0;
  while (sent < perSecond * seconds) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - start) / 1000) * perSecond));
    while (sent < due && underWay.size < MAX_UNDER_WAY) {
      const client = clients[sent % clients.length];
      if (client === undefined) break;
      const sending = run.send(client, call(sent++)).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  await Promise.all(underWay);
  return run.result();
}

class Run {
  readonly #start = performance.now();
  readonly #latency = new Times();
  #done = 0;

  async send(client: ApiClient, { method, path, body, type }: Call): Promise<void> {
    const began = performance.now();
    const answer = await client.request(method, path, body, type);
    checkAnswer(answer, path);
    this.#latency.add(performance.now() - began);
    this.#done++;
  }

  result(): LoadResult {
    const seconds = (performance.now() - this.#start) / 1000;
    return { done: this.#done, perSecond: this.#done / seconds, latency: this.#latency };
  }
}

function checkAnswer({ status, body }: Answer, path: string): void {
  if (status >= 300) throw new Error(`${path}: status ${status}: ${body.toString().slice(0, 300)}`);
}
