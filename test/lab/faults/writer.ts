import assert from 'node:assert/strict';
import { ApiClient, type Answer } from './api-client.ts';
import { assertWhole, fillOf, type CountedObject } from './event-log.ts';
import type { RestlessServer } from './restless-server.ts';

/** What is known of an object: its count, and whether it is there. */
interface State {
  readonly count: number;
  readonly exists: boolean;
}

interface Owned {
  readonly name: string;
  /** What the server acknowledged last. */
  acknowledged: State;
  /** What was asked for and not answered: it may be so, or not. */
  pending: State | undefined;
}

/**
 * A client that owns some objects, creates, changes and deletes them one write after the other, and remembers what the server
 * acknowledged; after each break it checks that all of that is there.
 */
export class Writer {
  /** Acknowledged writes. */
  acknowledged = 0;
  /** Writes of which a break left open whether they were made. */
  interrupted = 0;
  /** Of those, how many were made. */
  found = 0;
  readonly #server: RestlessServer;
  readonly #path: string;
  readonly #objects: readonly Owned[];
  readonly #random: () => number;
  #version = 0;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(
    server: RestlessServer,
    path: string,
    prefix: string,
    { objects, random }: { objects: number; random: () => number },
  ) {
    this.#server = server;
    this.#path = path;
    this.#random = random;
    this.#objects = Array.from({ length: objects }, (_, index) => ({
      name: `${prefix}-${index}`,
      acknowledged: { count: 0, exists: false },
      pending: undefined,
    }));
    this.#done = this.#run();
    this.#done.catch(() => {});
  }

  /** What it knows to be there, by name. */
  get counts(): Map<string, number> {
    const there = this.#objects.filter(({ acknowledged }) => acknowledged.exists);
    return new Map(there.map(({ name, acknowledged }) => [name, acknowledged.count]));
  }

  /** Ends it; the server must be there. @throws AssertionError what it found wrong */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    let isOver = false;
    while (!isOver) {
      const client = new ApiClient(await this.#server.connection());
      try {
        await this.#check(client);
        while (!this.#isStopped) await this.#write(client);
        isOver = true;
      } catch (error) {
        // Everything else is a break.
        if (error instanceof assert.AssertionError) throw error;
      } finally {
        client.close();
      }
    }
  }

  async #check(client: ApiClient): Promise<void> {
    for (const owned of this.#objects) {
      const { status, body } = await client.request('GET', `${this.#path}/${owned.name}`);
      const { acknowledged, pending, name } = owned;
      assert.ok(status === 200 || status === 404, `GET ${name}: ${status} ${body.toString()}`);
      if (status === 200) this.#note(body);
      const found: State =
        status === 200
          ? { exists: true, count: Number((JSON.parse(body.toString()) as CountedObject).data.count) }
          : { exists: false, count: 0 };
      const isAcknowledged = isSame(found, acknowledged);
      const isPending = pending !== undefined && isSame(found, pending);
      assert.ok(
        isAcknowledged || isPending,
        `${name} is ${show(found)}, acknowledged was ${show(acknowledged)}, asked for ${pending === undefined ? 'nothing' : show(pending)}`,
      );
      if (pending !== undefined) this.interrupted++;
      if (pending !== undefined && isPending) {
        owned.acknowledged = pending;
        this.found++;
      }
      owned.pending = undefined;
    }
  }

  async #write(client: ApiClient): Promise<void> {
    const owned = this.#objects[Math.floor(this.#random() * this.#objects.length)];
    if (owned === undefined) return;
    const { acknowledged, name } = owned;
    const path = `${this.#path}/${name}`;
    const isDeletion = acknowledged.exists && this.#random() < 0.1;
    owned.pending = { count: acknowledged.count + 1, exists: !isDeletion };
    const data = { count: String(owned.pending.count), fill: fillOf(owned.pending.count) };
    let answer: Answer;
    if (isDeletion) {
      // A deleted object's count does not grow: its last state is what watches show.
      owned.pending = { count: acknowledged.count, exists: false };
      answer = await client.request('DELETE', path);
    } else if (acknowledged.exists) {
      answer = await client.request('PATCH', path, JSON.stringify({ data }), 'application/merge-patch+json');
    } else {
      answer = await client.request('POST', this.#path, JSON.stringify({ metadata: { name }, data }));
    }
    assert.ok(answer.status < 300, `write of ${name}: ${answer.status} ${answer.body.toString()}`);
    if (!isDeletion) {
      const before = this.#version;
      this.#note(answer.body);
      assert.ok(this.#version > before, `${name} was written at a version that is not newer than ${before}`);
    }
    owned.acknowledged = owned.pending;
    owned.pending = undefined;
    this.acknowledged++;
  }

  #note(body: Buffer): void {
    const object = JSON.parse(body.toString()) as CountedObject;
    assertWhole(object);
    this.#version = Math.max(this.#version, Number(object.metadata.resourceVersion));
  }
}

function isSame(a: State, b: State): boolean {
  return a.exists === b.exists && (!a.exists || a.count === b.count);
}

function show({ count, exists }: State): string {
  return exists ? `at ${count}` : 'absent';
}
