import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, KubeError, type KubeClient } from '../kube/index.ts';
import { BuildLog } from './build-log.ts';
import { buildOf } from './test-images.ts';

interface Written {
  readonly name: string;
  readonly owners: readonly { readonly uid: string }[];
  readonly log: string;
  readonly whole: boolean;
}

interface Lab {
  readonly clock: FakeClock;
  readonly log: BuildLog;
  readonly written: readonly Written[];
  readonly reported: readonly unknown[];
  fails: boolean;
}

/** A clock that goes on while the process sleeps, and its timers with it. */
class SleepyClock extends FakeClock {
  slept = 0;

  override now(): number {
    return super.now() + this.slept;
  }
}

function open(clock: FakeClock = new FakeClock()): Lab {
  const written: Written[] = [];
  const reported: unknown[] = [];
  const patch = async (...[, key, change]: Parameters<KubeClient['patch']>): Promise<never> => {
    await Promise.resolve();
    if (lab.fails) throw new KubeError('forbidden', 'no');
    assert.ok(change.type === 'apply' && change.force === true);
    const { metadata, data } = change.object as {
      metadata: { ownerReferences: Written['owners'] };
      data: Record<string, string>;
    };
    written.push({
      name: `${key.namespace}/${key.name}`,
      owners: metadata.ownerReferences,
      log: data['log'] ?? '',
      whole: data['whole'] === 'true',
    });
    return change.object as never;
  };
  const lab: Lab = {
    clock,
    log: new BuildLog({
      client: { clock, patch: patch },
      namespace: 'varve',
      build: buildOf('worker', 'a'),
      report: (error) => reported.push(error),
    }),
    written,
    reported,
    fails: false,
  };
  return lab;
}

test('lines are written at most once a second, and the rest at the end', async () => {
  const lab = open();
  lab.log.say('one');
  lab.log.say('two\nthree');
  await lab.clock.advance(999);
  assert.equal(lab.written.length, 0);
  await lab.clock.advance(1);
  const [first] = lab.written;
  assert.equal(first?.name, `varve/build-log-worker-${'a'.repeat(32)}`);
  assert.deepEqual(
    first?.owners.map(({ uid }) => uid),
    [`uid-worker-${'a'.repeat(32)}`],
  );
  const at = '2026-01-01T00:00:00.000Z';
  assert.equal(first?.log, `${at} one\n${at} two\n${at} three\n`);
  assert.equal(first?.whole, false);
  await lab.clock.advance(10_000);
  assert.equal(lab.written.length, 1);
  lab.log.say('four');
  await lab.log.end();
  lab.log.say('nothing more');
  await lab.log.end();
  assert.equal(lab.written.length, 2);
  assert.match(lab.written[1]?.log ?? '', /three\n\S+ four\n$/u);
  assert.equal(lab.written[1]?.whole, true);
  assert.equal(lab.clock.pending, 0);
});

test('a log is not written any more when it is discarded', async () => {
  const lab = open();
  lab.log.say('one');
  lab.log.discard();
  await lab.clock.advance(10_000);
  assert.equal(lab.written.length, 0);
});

test('a log that cannot be written is told of once, and written when it can be', async () => {
  const lab = open();
  lab.fails = true;
  lab.log.say('one');
  await lab.clock.advance(3500);
  assert.equal(lab.reported.length, 1);
  lab.fails = false;
  await lab.clock.advance(1000);
  assert.match(lab.written[0]?.log ?? '', /one\n$/u);
});

test('of a log without end the head and the tail are kept, and it says what was left out', async () => {
  const lab = open();
  for (let line = 0; line < 20_000; line += 1) lab.log.say(`line ${line} ${'é'.repeat(20)}`);
  lab.log.say('x'.repeat(1_000_000));
  lab.log.say('last');
  await lab.log.end();
  const log = lab.written[0]?.log ?? '';
  assert.ok(Buffer.byteLength(log) <= 800 * 1024, String(Buffer.byteLength(log)));
  assert.ok(Buffer.byteLength(log) > 400 * 1024);
  assert.match(log, /^\S+ line 0 é+\n\S+ line 1 é+\n/u);
  const [, left = ''] = /\n\[(\d+) lines are left out here: the log is too long\]\n/u.exec(log) ?? [];
  const lines = log.split('\n').length - 2;
  assert.equal(lines + Number(left), 20_002);
  assert.match(log, / line 19999 é+\n\S+ x+…\n\S+ last\n$/u);
});

test('who wakes writes nothing before it could find out that another process goes on', async () => {
  const clock = new SleepyClock();
  const lab = open(clock);
  lab.log.say('one');
  clock.slept = 60_000;
  await clock.advance(1000);
  assert.deepEqual(lab.written, []);
  await clock.advance(1000);
  assert.equal(lab.written.length, 1);
  lab.log.say('two');
  clock.slept += 60_000;
  await clock.advance(1000);
  lab.log.discard();
  await clock.advance(1000);
  assert.equal(lab.written.length, 1);
});
