import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../kube/index.ts';
import { Inquiries } from './inquiries.ts';

interface Lab {
  readonly clock: FakeClock;
  readonly inquiries: Inquiries<string>;
  readonly news: readonly string[];
  /** Attempts that were begun, in their order. */
  readonly attempts: readonly (PromiseWithResolvers<string> & { readonly signal: AbortSignal })[];
  ask(question?: string, fresh?: number): ReturnType<Inquiries<string>['ask']>;
}

function open(): Lab {
  const clock = new FakeClock();
  const news: string[] = [];
  const attempts: (PromiseWithResolvers<string> & { readonly signal: AbortSignal })[] = [];
  const inquiries = new Inquiries<string>({
    clock,
    longestPause: 4000,
    onNews: (subject) => news.push(subject),
  });
  return {
    clock,
    inquiries,
    news,
    attempts,
    ask: (question = 'who?', fresh = 60_000) =>
      inquiries.ask('a', question, fresh, (signal) => {
        const attempt = { ...Promise.withResolvers<string>(), signal };
        signal.addEventListener('abort', () => attempt.reject(new Error('aborted')));
        attempts.push(attempt);
        return attempt.promise;
      }),
  };
}

test('ask() asks once, tells when there is an answer, and keeps it while it is fresh', async () => {
  const lab = open();
  assert.equal(lab.ask(), undefined);
  assert.equal(lab.ask(), undefined);
  assert.equal(lab.attempts.length, 1);
  lab.attempts[0]?.resolve('me');
  await lab.clock.advance(0);
  assert.deepEqual(lab.news, ['a']);
  assert.deepEqual(lab.ask(), { value: 'me' });
  await lab.clock.advance(60_000);
  assert.deepEqual(lab.ask(), { value: 'me' });
  assert.equal(lab.attempts.length, 1);
});

test('ask() gives the old answer while it asks for a new one', async () => {
  const lab = open();
  lab.ask();
  lab.attempts[0]?.resolve('me');
  await lab.clock.advance(60_001);
  assert.deepEqual(lab.ask(), { value: 'me' });
  assert.equal(lab.attempts.length, 2);
  lab.attempts[1]?.resolve('you');
  await lab.clock.advance(0);
  assert.deepEqual(lab.ask(), { value: 'you' });
});

test('ask() keeps the last answer beside a failure, and asks again later each time', async () => {
  const lab = open();
  lab.clock.chance = () => 0;
  lab.ask('who?', 0);
  lab.attempts[0]?.resolve('me');
  await lab.clock.advance(1);
  const error = new Error('down');
  const pauses: number[] = [];
  for (let failures = 1; failures <= 4; failures += 1) {
    lab.ask('who?', 0);
    lab.attempts[failures]?.reject(error);
    await lab.clock.advance(0);
    assert.deepEqual(lab.ask('who?', 0), { value: 'me', error });
    const told = lab.news.length;
    let pause = 0;
    while (lab.news.length === told) {
      await lab.clock.advance(500);
      pause += 500;
    }
    pauses.push(pause);
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 4000]);
  lab.ask('who?', 0);
  lab.attempts[5]?.resolve('me again');
  await lab.clock.advance(0);
  assert.deepEqual(lab.ask('who?', 1000), { value: 'me again' });
});

test('another question takes the place of the one that is open', async () => {
  const lab = open();
  lab.ask('one?');
  assert.equal(lab.ask('two?'), undefined);
  assert.equal(lab.attempts[0]?.signal.aborted, true);
  await lab.clock.advance(0);
  assert.deepEqual(lab.news, []);
  lab.attempts[1]?.resolve('2');
  await lab.clock.advance(0);
  assert.deepEqual(lab.ask('two?'), { value: '2' });
});

test('an attempt that takes too long is a failure that says so', async () => {
  const lab = open();
  lab.ask();
  await lab.clock.advance(15_000);
  assert.equal(lab.attempts[0]?.signal.aborted, true);
  const error = lab.ask()?.error as Error;
  assert.equal(error.message, 'cannot ask the registry: no answer within 15 s');
});

test('note() answers a question that nobody needs to ask', () => {
  const lab = open();
  lab.inquiries.note('a', 'who?', 'me');
  assert.deepEqual(lab.ask(), { value: 'me' });
  assert.equal(lab.attempts.length, 0);
});

test('note() is no news where something else is being asked', async () => {
  const lab = open();
  lab.ask('one?');
  lab.inquiries.note('a', 'two?', '2');
  lab.attempts[0]?.resolve('1');
  await lab.clock.advance(0);
  assert.deepEqual(lab.news, ['a']);
  assert.deepEqual(lab.ask('one?'), { value: '1' });
});

test('close() ends what is open, leaves no timer, and asks no more', async () => {
  const lab = open();
  lab.ask();
  lab.attempts[0]?.reject(new Error('down'));
  await lab.clock.advance(0);
  lab.inquiries.ask('b', 'who?', 0, () => Promise.reject(new Error('never')));
  await lab.inquiries.close();
  assert.equal(lab.clock.pending, 0);
  assert.equal(lab.ask(), undefined);
  assert.equal(lab.attempts.length, 1);
});
