import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { moveLargeLog, SupervisedProcess } from './supervised-process.ts';

async function start(
  t: TestContext,
  script: string,
): Promise<{ run: SupervisedProcess; log: string; said: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-supervised-'));
  const said: string[] = [];
  const log = join(folder, 'log');
  const command = [process.execPath, '--eval', script];
  const run = SupervisedProcess.start({
    name: 'the child',
    log,
    command,
    environment: process.env,
    say: (line) => said.push(line),
  });
  t.after(async () => {
    await run.kill();
    await rm(folder, { recursive: true, force: true });
  });
  return { run, log, said };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it does not come to that');
    await sleep(10);
  }
}

test('what it says is in its log, and what it warns of is told as well', async (t) => {
  const { run, log, said } = await start(
    t,
    `console.error('2026-01-01T00:00:00.000Z usual'); console.error('2026-01-01T00:00:00.000Z warning: careful'); setInterval(() => {}, 1e6)`,
  );
  await until(() => said.length > 0);
  assert.deepEqual(said, ['warning: careful']);
  await run.close();
  assert.equal(
    await readFile(log, 'utf8'),
    '2026-01-01T00:00:00.000Z usual\n2026-01-01T00:00:00.000Z warning: careful\n',
  );
  assert.equal(run.pid, undefined);
});

test('one that ends by itself is started again, and that is told; one that is killed is not', async (t) => {
  const { run, log, said } = await start(t, `console.error('here'); setTimeout(() => process.exit(3), 10)`);
  const lives = async (): Promise<number> =>
    (await readFile(log, 'utf8').catch(() => '')).split('here').length - 1;
  await until(async () => (await lives()) >= 2);
  assert.equal(
    said[0],
    `warning: the child has ended (status 3) and is started again in 1 s; ${log} may say why`,
  );
  await run.kill();
  const before = await lives();
  await sleep(50);
  assert.equal(await lives(), before);
});

test('one that does not end when it is asked to is killed at once where that is meant', async (t) => {
  const { run } = await start(t, `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)`);
  const { pid } = run;
  assert.ok(pid !== undefined && pid > 0);
  await run.kill();
  assert.throws(() => process.kill(pid, 0));
});

test('a large log begins anew, and the old one stays', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const log = join(folder, 'log');
  await moveLargeLog(log);
  await writeFile(log, 'small');
  await moveLargeLog(log);
  assert.equal(await readFile(log, 'utf8'), 'small');
  await writeFile(log, Buffer.alloc(17 * 1024 * 1024));
  await moveLargeLog(log);
  await assert.rejects(readFile(log), { code: 'ENOENT' });
  assert.equal((await readFile(`${log}.old`)).length, 17 * 1024 * 1024);
});
