import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import type { RestlessServer } from './restless-server.ts';

/** What the objects of a fault test look like. */
export interface CountedObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  /** `count` grows by one with each write; `fill` is made of it, so that a half-written object shows. */
  readonly data: { readonly count: string; readonly fill: string };
}

interface WatchEvent {
  readonly type: string;
  readonly object: CountedObject & { readonly code?: number };
}

/** The rest of an object, which must fit its count. */
export function fillOf(count: number): string {
  return `${count}-`.repeat(200 + (count % 100));
}

/** Not of this test: each namespace has a kube-root-ca.crt. */
function isOthers({ metadata }: CountedObject): boolean {
  return metadata.name === 'kube-root-ca.crt';
}

/** @throws AssertionError if a part of it is from another write */
export function assertWhole({ metadata, data }: CountedObject): void {
  assert.equal(data.fill, fillOf(Number(data.count)), `${metadata.name} is half-written`);
}

/**
 * A client that watches a collection across breaks of its connection, as an informer does, and checks what it is told: every
 * write exactly once and in order, from where it was; or that it is too late for that (410), and then all anew.
 */
export class EventLog {
  readonly counts = new Map<string, number>();
  /** How often it had to begin anew. */
  relists = 0;
  /** How often it went on from where it was. */
  resumes = 0;
  events = 0;
  #version = 0;
  #isStopped = false;
  #hasFailed = false;
  #client: ApiClient | undefined;
  readonly #server: RestlessServer;
  readonly #path: string;
  readonly #nap: () => number;
  readonly #done: Promise<void>;

  /** @param nap how many milliseconds it stays away after a break */
  constructor(server: RestlessServer, path: string, nap: () => number = () => 0) {
    this.#server = server;
    this.#path = path;
    this.#nap = nap;
    this.#done = this.#run();
    // Whoever stops it hears of it.
    this.#done.catch(() => {
      this.#hasFailed = true;
    });
  }

  /** It found something wrong: {@link EventLog.stop} says what. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The newest resourceVersion that it knows of. */
  get version(): number {
    return this.#version;
  }

  /** Ends it. @throws AssertionError what it found wrong */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#client?.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    let isFirst = true;
    while (!this.#isStopped) {
      await pause(this.#nap());
      if (this.#isStopped) return;
      const client = new ApiClient(await this.#server.connection());
      this.#client = client;
      try {
        if (isFirst) await this.#list(client);
        else this.resumes++;
        isFirst = await this.#watch(client);
        if (isFirst) this.relists++;
      } catch (error) {
        // Everything else is a break.
        if (error instanceof assert.AssertionError) throw error;
      } finally {
        client.close();
      }
    }
  }

  async #list(client: ApiClient): Promise<void> {
    const { status, body } = await client.request('GET', this.#path);
    if (status !== 200) throw new Error(`list: status ${status}`);
    const list = JSON.parse(body.toString()) as {
      readonly metadata: { readonly resourceVersion: string };
      readonly items: readonly CountedObject[];
    };
    const version = Number(list.metadata.resourceVersion);
    assert.ok(version >= this.#version, `the list is of ${version}, but ${this.#version} was seen before`);
    this.#version = version;
    this.counts.clear();
    for (const object of list.items) {
      if (isOthers(object)) continue;
      assertWhole(object);
      this.counts.set(object.metadata.name, Number(object.data.count));
    }
  }

  /** @returns true if it has to begin anew */
  async #watch(client: ApiClient): Promise<boolean> {
    let rest = '';
    let isExpired = false;
    let problem: Error | undefined;
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${this.#version}`;
    const watching = client.watch(`${this.#path}?${query}`, (chunk) => {
      const lines = `${rest}${chunk.toString('latin1')}`.split('\n');
      rest = lines.pop() ?? '';
      try {
        for (const line of lines) isExpired ||= this.#take(JSON.parse(line) as WatchEvent);
      } catch (error) {
        problem ??= error instanceof Error ? error : new Error(String(error));
        client.close();
      }
    });
    await watching.ended;
    if (problem !== undefined) throw problem;
    if ((await watching.status) === undefined) throw new Error('no answer');
    return isExpired;
  }

  /** @returns true for the event that it is too late */
  #take({ type, object }: WatchEvent): boolean {
    if (type === 'ERROR') {
      assert.equal(object.code, 410);
      return true;
    }
    const version = Number(object.metadata.resourceVersion);
    if (type === 'BOOKMARK') {
      assert.ok(version >= this.#version, `a bookmark of ${version} after ${this.#version}`);
      this.#version = version;
      return false;
    }
    assert.ok(version > this.#version, `an event of ${version} after ${this.#version}`);
    this.#version = version;
    if (isOthers(object)) return false;
    this.events++;
    assertWhole(object);
    const { name } = object.metadata;
    const known = this.counts.get(name);
    const count = Number(object.data.count);
    switch (type) {
      case 'ADDED':
        assert.equal(known, undefined, `${name} was added, but was there`);
        this.counts.set(name, count);
        break;
      case 'MODIFIED':
        assert.equal(count, (known ?? Number.NaN) + 1, `${name}: an event is missing, or came twice`);
        this.counts.set(name, count);
        break;
      case 'DELETED':
        assert.equal(count, known, `${name}: an event is missing before its deletion`);
        this.counts.delete(name);
        break;
      default:
        assert.fail(`an event of type ${type}`);
    }
    return false;
  }
}
