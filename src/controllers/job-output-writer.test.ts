import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from '../kube/index.ts';
import { MOST_OUTPUT, OutputReader } from '../osbuild/index.ts';
import { JobOutputWriter } from './job-output-writer.ts';
import { CONFIG_MAPS } from './resources.ts';
import { FakeCluster } from './test-cluster.ts';

/** A pod that writes, and what the controllers read of it. */
function open(): {
  readonly cluster: FakeCluster;
  readonly writer: JobOutputWriter;
  readonly reported: readonly unknown[];
  /** What they have not seen yet. */
  readonly read: () => readonly string[];
  readonly stored: () => Readonly<Record<string, string>>;
} {
  const cluster = new FakeCluster();
  const reported: unknown[] = [];
  cluster.put(CONFIG_MAPS, { metadata: { name: 'output', namespace: 'varve' } });
  const writer = new JobOutputWriter({
    client: cluster.client,
    namespace: 'varve',
    name: 'output',
    pod: 'p-1',
    report: (error) => reported.push(error),
  });
  const reader = new OutputReader();
  const stored = (): Readonly<Record<string, string>> => cluster.find(CONFIG_MAPS, 'output')?.data ?? {};
  return { cluster, writer, reported, read: () => reader.next(stored()), stored };
}

test('lines are written together once a second, and what is left at the end', async () => {
  const { cluster, writer, read } = open();
  writer.say('one');
  writer.say('two\nthree');
  assert.deepEqual(cluster.writes, []);
  await cluster.clock.advance(1100);
  assert.deepEqual(read(), ['one', 'two', 'three']);
  await cluster.clock.advance(60_000);
  assert.equal(cluster.writes.length, 1, 'nothing new, nothing written');
  writer.say('four');
  await writer.end();
  assert.deepEqual(read(), ['four']);
  assert.equal(cluster.clock.pending, 0);
});

test('lines that cannot be written come with the next write, and are complained of once', async () => {
  const { cluster, writer, read, reported } = open();
  cluster.fail(new KubeError('unavailable', 'away'));
  writer.say('one');
  await cluster.clock.advance(10_000);
  assert.equal(reported.length, 1);
  cluster.fail(undefined);
  await cluster.clock.advance(2000);
  assert.deepEqual(read(), ['one']);
});

test('the last lines are written although the write before them has failed', async () => {
  const { cluster, writer, read } = open();
  const answer = Promise.withResolvers<void>();
  cluster.before = () => answer.promise;
  writer.say('one');
  await cluster.clock.advance(1100);
  assert.equal(cluster.writes.length, 1, 'it is under way');
  writer.say('why it failed');
  const ended = writer.end();
  cluster.before = () => {};
  answer.reject(new KubeError('timeout', 'no answer'));
  await ended;
  assert.deepEqual(read(), ['one', 'why it failed']);
});

test('the end waits for nobody who does not answer for ever', async () => {
  const { cluster, writer } = open();
  cluster.fail(new KubeError('unavailable', 'away'));
  writer.say('one');
  await writer.end();
  writer.say('too late');
  await cluster.clock.advance(60_000);
  assert.equal(cluster.writes.length, 1);
  assert.equal(cluster.clock.pending, 0);
});

test('of a log that is too long the end is kept, and whoever reads it knows how much is missing', async () => {
  const { cluster, writer, read, stored } = open();
  const line = 'ä'.repeat(500);
  let said = 0;
  let told = 0;
  for (let round = 0; round < 20; round += 1) {
    // Of some rounds everything is seen, of others only the end.
    for (let count = 0; count < (round % 2 === 0 ? 20 : 400); count += 1) {
      writer.say(`${said} ${line}`);
      said += 1;
    }
    await cluster.clock.advance(10_000);
    assert.ok(Object.values(stored()).every((text) => Buffer.byteLength(text) <= MOST_OUTPUT + 20));
    for (const one of read()) {
      const lost = /^\[(\d+) lines are not kept\]$/.exec(one)?.[1];
      if (lost === undefined) assert.equal(one, `${told} ${line}`);
      told += lost === undefined ? 1 : Number(lost);
    }
    assert.equal(told, said);
  }
});

test('a line that is longer than all that is kept is cut', async () => {
  const { writer, read } = open();
  writer.say('x'.repeat(10 * MOST_OUTPUT));
  writer.say('the end');
  await writer.end();
  const [first = '', second] = read();
  assert.ok(first.length > 1000 && first.length < MOST_OUTPUT);
  assert.equal(second, 'the end');
});
