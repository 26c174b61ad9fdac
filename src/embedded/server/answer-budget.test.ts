import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { AnswerBudget } from './answer-budget.ts';
import { answerBody } from './answer-body.ts';
import type { Exchange } from './exchange.ts';

/** A client that takes what it is let. */
class Client {
  taken = 0;
  isAbandoned = false;
  #release: (() => void)[] = [];
  readonly exchange: Exchange;

  constructor() {
    const output = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _, done) => {
        this.taken += chunk.byteLength;
        this.#release.push(() => done());
      },
    });
    this.exchange = {
      output,
      finish: (rest: Uint8Array) =>
        new Promise<void>((resolve) => {
          output.once('close', resolve);
          output.end(rest, resolve);
        }),
      abandon: () => {
        this.isAbandoned = true;
        output.destroy();
      },
    } as unknown as Exchange;
  }

  async take(): Promise<void> {
    this.#release.shift()?.();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

const MB = 1024 * 1024;

describe('AnswerBudget', () => {
  test('large answers are refused where those on their way take all there is; small ones have room, and one alone', async () => {
    let now = 0;
    const budget = new AnswerBudget(2 * MB, 30_000, () => now);
    budget.admit(5 * MB);
    const client = new Client();
    const sending = budget.send(answerBody(Buffer.alloc(2 * MB)), client.exchange);
    assert.throws(() => budget.admit(MB), { code: 429 });
    assert.ok(budget.isFull);
    budget.admit(1000);
    while (client.taken < 2 * MB) {
      now += 500;
      await client.take();
    }
    await client.take();
    await sending;
    assert.ok(!client.isAbandoned);
    budget.admit(5 * MB);
  });

  test('what is being compressed takes room, too, until it is done or has failed', async () => {
    const budget = new AnswerBudget(2 * MB, 30_000, () => 0);
    let fail = (): void => {};
    const working = budget.hold(
      2 * MB,
      () =>
        new Promise<void>((_, reject) => {
          fail = () => reject(new Error('no memory'));
        }),
    );
    assert.ok(budget.isFull);
    assert.throws(() => budget.admit(MB), { code: 429 });
    fail();
    await assert.rejects(working, { message: 'no memory' });
    budget.admit(MB);
  });

  test('who takes nothing is cut off in time, and sooner where others need the room', async () => {
    let now = 0;
    const budget = new AnswerBudget(2 * MB, 30_000, () => now);
    const first = new Client();
    const sending = [budget.send(answerBody(Buffer.alloc(3 * MB)), first.exchange)];
    now = 2000;
    budget.sweep();
    assert.ok(!first.isAbandoned);
    assert.throws(() => budget.admit(3 * MB), { code: 429 });
    assert.ok(first.isAbandoned);
    await sending[0];
    const second = new Client();
    sending.push(budget.send(answerBody('small'), second.exchange));
    now += 30_001;
    budget.sweep();
    assert.ok(second.isAbandoned);
    await Promise.all(sending);
  });
});
