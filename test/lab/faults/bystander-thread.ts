import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { ApiClient, type Connection } from './api-client.ts';
import { PATIENCE, type Observation } from './bystander.ts';

const connection = workerData as Connection;
const latencies: number[] = [];
let problem: string | undefined;
const stop = new AbortController();
parentPort?.once('message', () => stop.abort());

for (let round = 0; round < 3; round++) await ask();
const undisturbed = latencies.at(-1) ?? 0;
latencies.length = 0;
parentPort?.postMessage('ready');
do {
  await ask();
  await pause(20);
} while (!stop.signal.aborted && problem === undefined);
// The parent asks for it at the end, whenever the problem came.
while (!stop.signal.aborted) await pause(10);
parentPort?.postMessage({
  latencies,
  undisturbed,
  ...(problem === undefined ? {} : { problem }),
} satisfies Observation);

/** On a connection of its own: those that are there might be served while new ones are not. */
async function ask(): Promise<void> {
  const began = performance.now();
  const client = new ApiClient(connection);
  const late = setTimeout(() => client.close(), PATIENCE);
  try {
    const { status, body } = await client.request('GET', '/api/v1/namespaces/default');
    if (status !== 200) problem = `${status}: ${body.toString()}`;
  } catch (error) {
    problem = String(error);
  } finally {
    clearTimeout(late);
    client.close();
  }
  latencies.push(performance.now() - began);
}
