import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeEvent } from './event.ts';
import { DEFAULT_EVENT_LIMITS, EventCorrelator } from './event-correlator.ts';
import { EventRecorder, type EventRecorderOptions } from './event-recorder.ts';
import { FakeClock } from './fake-clock.ts';
import { KubeError } from './kube-error.ts';

const object = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };
const occurrence = (message: string, name = 'n') =>
  ({ object: { ...object, name }, type: 'Normal', reason: 'Tested', message }) as const;

function recorder(): {
  clock: FakeClock;
  recorder: EventRecorder;
  written: string[];
  server: { fails: KubeError | undefined };
} {
  const clock = new FakeClock();
  const written: string[] = [];
  const server: { fails: KubeError | undefined } = { fails: undefined };
  const client: EventRecorderOptions['client'] = {
    clock,
    create: async (_, event) => {
      if (server.fails !== undefined) throw server.fails;
      const { message, count, metadata } = event as unknown as KubeEvent;
      written.push(`create ${metadata.namespace} ${message} ${count}`);
      return event;
    },
    patch: async (_type, _key, patch) => {
      if (server.fails !== undefined) throw server.fails;
      written.push(`count ${JSON.stringify((patch as { patch: { count: number } }).patch.count)}`);
      return {} as never;
    },
  };
  return { clock, recorder: new EventRecorder({ client, component: 'c', instance: 'i' }), written, server };
}

test('EventRecorder counts equal occurrences in one object', async () => {
  const { clock, recorder: events, written } = recorder();
  events.record(occurrence('m'));
  events.record(occurrence('m'));
  assert.deepEqual(written, [], 'record() waits for nothing');
  await clock.advance(0);
  events.record(occurrence('m'));
  await clock.advance(0);
  assert.deepEqual(written, ['create default m 2', 'count 3']);
  await events.close();
  events.record(occurrence('late'));
  assert.deepEqual(events.numbers, { written: 2, dropped: 1, pending: 0 });
});

test('EventRecorder begins anew when an event has expired', async () => {
  const { clock, recorder: events, written, server } = recorder();
  events.record(occurrence('m'));
  await clock.advance(0);
  server.fails = new KubeError('not-found', 'gone');
  events.record(occurrence('m'));
  await clock.advance(0);
  server.fails = undefined;
  events.record(occurrence('m'));
  await clock.advance(0);
  assert.deepEqual(written, ['create default m 1', 'create default m 1']);
});

test('EventRecorder waits for a server that is away, with bounded memory, and gives up in the end', async () => {
  const { clock, recorder: events, written, server } = recorder();
  server.fails = new KubeError('unavailable', 'away');
  for (let count = 0; count < 3000; count += 1) events.record(occurrence('m', `n${count}`));
  assert.equal(events.numbers.pending, 1000);
  await clock.advance(1000);
  server.fails = undefined;
  await clock.advance(5000);
  assert.equal(written.length, 1000);
  server.fails = new KubeError('unavailable', 'away');
  events.record(occurrence('again'));
  await clock.advance(120_000);
  assert.equal(events.numbers.dropped, 2001);
  const closing = events.close(1000);
  await clock.advance(1001);
  await closing;
  assert.equal(clock.pending, 0);
});

test('EventCorrelator limits each object by itself, and forgives with time', async () => {
  const clock = new FakeClock();
  const events = new EventCorrelator(clock, DEFAULT_EVENT_LIMITS);
  const passes = (name: string): boolean => events.correlate(occurrence('m', name)) !== undefined;
  for (let count = 0; count < 25; count += 1) assert.ok(passes('n'));
  assert.ok(!passes('n'));
  assert.ok(passes('other'));
  await clock.advance(300_000);
  assert.ok(passes('n'));
  assert.ok(!passes('n'));
});

test('EventCorrelator makes one of many similar messages, and cuts long ones between characters', () => {
  const clock = new FakeClock();
  const events = new EventCorrelator(clock, DEFAULT_EVENT_LIMITS);
  const keys = Array.from({ length: 15 }, (_, index) => events.correlate(occurrence(`m${index}`))!);
  assert.equal(new Set(keys.map(({ key }) => key)).size, 11);
  assert.equal(keys.at(-1)?.message, '(combined from similar events): m14');
  const { message } = events.correlate(occurrence('ü'.repeat(2000), 'x'))!;
  assert.ok(Buffer.byteLength(message) <= 1024 && message.endsWith('ü…'));
});
