import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { interruptible } from './interruption.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** A command that gets the signal while it waits for a registry which never answers. */
async function interrupt(
  t: TestContext,
  signal: 'SIGINT' | 'SIGTERM',
  command: (base: string, folder: string) => readonly string[],
): Promise<{ readonly status: number | null; readonly said: string; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-interruption-'));
  await mkdir(join(folder, 'tmp'));
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await rm(folder, { recursive: true, force: true });
  });
  const asked = once(silent, 'connection');
  const { port } = silent.address() as AddressInfo;
  const child = spawn(process.execPath, [MAIN, ...command(`127.0.0.1:${port}/base/os:1`, folder)], {
    env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: join(folder, 'tmp') },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  await Promise.race([asked, ended]);
  child.kill(signal);
  const [status] = (await ended) as [number | null];
  return { status, said, folder };
}

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`varve demo removes its directory on ${signal}`, async (t) => {
    const { status, said, folder } = await interrupt(t, signal, (base) => ['demo', '--base', base]);
    assert.deepEqual([status, said], [expected, '']);
    assert.deepEqual(await readdir(join(folder, 'tmp')), []);
  });
}

test('varve build ends on SIGINT while it waits for what a person types', async (t) => {
  const { status, said } = await interrupt(t, 'SIGINT', (base, folder) => [
    'build',
    '--pool=layered',
    `--filename=${EXAMPLES}`,
    '--filename=-',
    `--base=${base}`,
    `--push=${base.replace('base/os', 'pools/layered')}`,
    `--cache=${join(folder, 'cache')}`,
  ]);
  assert.deepEqual([status, said], [130, '']);
});

test('a second signal ends a process that hangs, also where it is another one than the first', async () => {
  const listeners = (): number[] => ['SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal));
  const before = listeners();
  const then = await interruptible(async (signal) => {
    // Not to the whole process: the test runner listens as well.
    process.listeners('SIGINT').at(-1)?.('SIGINT');
    return { isAborted: signal.aborted, after: listeners() };
  });
  assert.deepEqual(then, { isAborted: true, after: before });
});
