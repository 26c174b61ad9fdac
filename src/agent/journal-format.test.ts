import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DisruptionAction } from '../machineconfig/index.ts';
import { formatJournal, parseJournal } from './journal-format.ts';
import { attemptOf, EMPTY_JOURNAL, type Journal, type Settled, withAttempt } from './journal.ts';
import type { LiveRecord } from './live-record.ts';

const text = fc.string();
const time = fc.integer({ min: 0, max: 2 ** 41 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const settled: fc.Arbitrary<Settled> = fc.record({
  digest: maybe(text),
  image: maybe(text),
  config: maybe(text),
  kind: fc.constantFrom('image', 'base'),
  checksum: maybe(text),
  at: time,
});

const action = fc.constantFrom<DisruptionAction>(
  { type: 'None' },
  { type: 'Restart', restart: { serviceName: 'a.service' } },
);
const files = fc.dictionary(
  text.map((path) => `/etc/${path}`),
  fc.array(text, { maxLength: 2 }),
  { maxKeys: 2, noNullPrototype: true },
);
const liveImage = {
  digest: text,
  image: text,
  config: text,
  actions: fc.array(action, { maxLength: 2 }),
  items: fc.array(text, { maxLength: 2 }),
};
const live: fc.Arbitrary<LiveRecord> = fc.record({
  files,
  satisfies: maybe(fc.record({ ...liveImage, bootId: text })),
  change: maybe(
    fc.record({
      ...liveImage,
      run: liveImage.actions,
      state: fc.constantFrom('planned', 'applying', 'refused'),
      files,
      reason: maybe(text),
    }),
  ),
  restored: maybe(text),
  swept: maybe(text),
});

const journals: fc.Arbitrary<Journal> = fc.record({
  adopted: maybe(settled),
  history: fc.array(settled, { maxLength: 3 }),
  attempts: fc.dictionary(
    fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
    fc.record({
      failures: fc.array(
        fc.record({
          kind: fc.constantFrom('finalization', 'came-back', 'kernel-arguments', 'unexplained'),
          message: text,
          at: time,
        }),
        { maxLength: 2 },
      ),
      fetched: fc.boolean(),
      halted: maybe(text),
    }),
    { maxKeys: 3, noNullPrototype: true },
  ),
  rebooting: maybe(fc.record({ digest: text, bootId: text, at: time })),
  did: maybe(fc.record({ key: text, bootId: text })),
  trouble: maybe(
    fc.record({
      key: text,
      class: fc.constantFrom('network', 'busy', 'disk'),
      message: text,
      count: fc.nat(),
      since: time,
      at: time,
      remedied: fc.boolean(),
      ran: maybe(fc.record({ bootId: text, actions: fc.constant([{ type: 'Special' as const }]) })),
    }),
  ),
  pinned: fc.array(text, { maxLength: 2 }),
  cannotLock: maybe(text),
  live: fc.dictionary(
    text.map((name) => `${name}.0`),
    live,
    { maxKeys: 2, noNullPrototype: true },
  ),
  prefetched: maybe(text),
  retry: maybe(text),
  unknown: fc.constant({}),
});

test('parseJournal() reads what formatJournal() writes', () => {
  fc.assert(
    fc.property(journals, (journal) => {
      const reading = parseJournal(formatJournal(journal));
      assert.equal(reading.state, 'read');
      assert.equal(formatJournal((reading as { journal: Journal }).journal), formatJournal(journal));
    }),
  );
});

test('parseJournal() takes no beginning of a journal for a journal', () => {
  fc.assert(
    fc.property(journals, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (journal, part) => {
      const whole = formatJournal(journal).trimEnd();
      assert.equal(parseJournal(whole.slice(0, Math.floor(whole.length * part))).state, 'damaged');
    }),
  );
});

test('parseJournal() answers to whatever stands there', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        fc.json(),
        fc.json().map((json) => `{"version":1,"readableFrom":1,"history":${json}}`),
      ),
      (any) => {
        assert.equal(parseJournal(any).state, 'damaged');
      },
    ),
  );
});

test('parseJournal() refuses a journal with one member that is something else', () => {
  const whole = JSON.parse(formatJournal(EMPTY_JOURNAL)) as Record<string, unknown>;
  for (const member of [
    'adopted',
    'history',
    'attempts',
    'rebooting',
    'did',
    'trouble',
    'pinned',
    'cannotLock',
    'retry',
  ]) {
    assert.equal(parseJournal(JSON.stringify({ ...whole, [member]: 7 })).state, 'damaged', member);
  }
  assert.equal(
    parseJournal(JSON.stringify({ ...whole, attempts: { a: { failures: [] } } })).state,
    'damaged',
  );
});

test('parseJournal() leaves a journal alone that it would misread, and keeps members that it does not know', () => {
  const whole = JSON.parse(formatJournal(EMPTY_JOURNAL)) as Record<string, unknown>;
  const newer = parseJournal(JSON.stringify({ ...whole, version: 3, readableFrom: 2 }));
  assert.equal(newer.state, 'unusable');
  assert.match(
    (newer as { reason: string }).reason,
    /^an agent wrote it whose format 3 agents before format 2 misread/,
  );
  const kept = parseJournal(JSON.stringify({ ...whole, version: 3, health: { since: 1 } }));
  assert.equal(kept.state, 'read');
  const written = JSON.parse(formatJournal((kept as { journal: Journal }).journal)) as Record<
    string,
    unknown
  >;
  assert.deepEqual(written['health'], { since: 1 });
});

test('parseJournal() takes a failure class that it does not know for one that nobody knows', () => {
  for (const name of ['martian', 'constructor', '__proto__']) {
    const trouble = { key: 'k', class: name, message: 'm', count: 1, since: 1, at: 1, remedied: false };
    const whole = JSON.parse(formatJournal(EMPTY_JOURNAL)) as Record<string, unknown>;
    const reading = parseJournal(JSON.stringify({ ...whole, trouble }));
    assert.equal((reading as { journal: Journal }).journal.trouble?.class, 'unknown');
  }
});

test('withAttempt() forgets the image that was tried longest ago', () => {
  let journal = EMPTY_JOURNAL;
  for (let number = 0; number < 40; number += 1)
    journal = withAttempt(journal, `d${number}`, { fetched: true });
  journal = withAttempt(journal, 'd24', { halted: 'no' });
  journal = withAttempt(journal, 'd40', {});
  assert.equal(Object.keys(journal.attempts).length, 16);
  assert.deepEqual(attemptOf(journal, 'd24'), { failures: [], fetched: true, halted: 'no' });
  assert.deepEqual(attemptOf(journal, 'd0'), { failures: [], fetched: false, halted: undefined });
});
