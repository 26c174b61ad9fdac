import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { HistoryOptions } from '../../../src/embedded/store/index.ts';
import { ApiClient } from './api-client.ts';
import { EventLog, type CountedObject } from './event-log.ts';
import { until } from '../until.ts';
import { RestlessServer } from './restless-server.ts';
import { Writer } from './writer.ts';

/** One control plane that is killed again and again. */
export interface KillLoop {
  readonly directory: string;
  readonly kills: number;
  readonly writers: number;
  readonly watchers: number;
  readonly history?: HistoryOptions;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** What a {@link KillLoop} went through. */
export interface KillReport {
  readonly kills: number;
  readonly acknowledged: number;
  /** Writes that a kill left open. */
  readonly interrupted: number;
  /** Those of them that had been made. */
  readonly found: number;
  readonly events: number;
  readonly resumes: number;
  readonly relists: number;
  /** Median milliseconds from a new process to its readiness. */
  readonly start: number;
}

const PATH = '/api/v1/namespaces/default/configmaps';

/** Objects of each writer. */
const OBJECTS = 5;

/** A process lives at most so long once it serves, in milliseconds: in a third of them the clients hardly get to work. */
const LIFE = 250;

/** How long a watch stays away after a break, in milliseconds, the first one apart. */
const MAX_NAP = 2000;

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

/**
 * Writes and watches while the control plane is killed at random moments and started again, and checks all that the clients
 * were told against what is there.
 *
 * @throws AssertionError
 */
export async function killAgainAndAgain(loop: KillLoop): Promise<KillReport> {
  const { directory, random } = loop;
  const history = loop.history === undefined ? {} : { history: loop.history };
  const server = new RestlessServer({ directory, ...history });
  await server.start();
  const writers = Array.from(
    { length: loop.writers },
    (_, index) => new Writer(server, PATH, `writer-${index}`, { objects: OBJECTS, random }),
  );
  const logs = Array.from(
    { length: loop.watchers },
    (_, index) => new EventLog(server, PATH, () => (index === 0 ? 0 : random() * MAX_NAP)),
  );
  try {
    for (let kill = 0; kill < loop.kills; kill++) {
      // On a busy machine clients come to nothing in so short a life.
      const acknowledged = sum(writers, (writer) => writer.acknowledged);
      await pause(random() * (acknowledged < 4 * kill ? 4 * LIFE : LIFE));
      assert.equal(await server.kill(), '');
      await server.start();
    }
    await pause(LIFE);
    for (const writer of writers) await writer.stop();
    const expected = new Map(writers.flatMap((writer) => [...writer.counts]));
    const client = new ApiClient(await server.connection());
    const { body } = await client.request('GET', PATH);
    client.close();
    const { items } = JSON.parse(body.toString()) as { readonly items: readonly CountedObject[] };
    const stored = items
      .filter(({ metadata: { name } }) => name.startsWith('writer-'))
      .map((object): [string, number] => [object.metadata.name, Number(object.data.count)]);
    assert.deepEqual(Object.fromEntries(stored), Object.fromEntries(expected));
    for (const log of logs) {
      // No version tells that it has seen the last of them, which may be the end of an object.
      await until(
        'a watch tells of every write',
        () => log.hasFailed || isDeepStrictEqual(log.counts, expected),
      );
      await log.stop();
    }
    assert.equal(await server.stop(), 0);
  } finally {
    await server.leave();
    await Promise.allSettled([...writers, ...logs].map((client) => client.stop()));
  }
  return {
    kills: loop.kills,
    acknowledged: sum(writers, (writer) => writer.acknowledged),
    interrupted: sum(writers, (writer) => writer.interrupted),
    found: sum(writers, (writer) => writer.found),
    events: sum(logs, (log) => log.events),
    resumes: sum(logs, (log) => log.resumes),
    relists: sum(logs, (log) => log.relists),
    start: server.starts.toSorted((a, b) => a - b)[server.starts.length >> 1] ?? 0,
  };
}
