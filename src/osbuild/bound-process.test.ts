import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOnPath, spawnBound } from './bound-process.ts';

const ENVIRONMENT = { PATH: process.env['PATH'] ?? '' };

async function runs(...command: readonly string[]): Promise<boolean> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = processes.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(all)).includes(`${command.join('\u0000')}\u0000`);
}

test('a program that ends by itself is told with its output and status', async () => {
  const child = spawnBound('sh', ['-c', 'echo "$1"; exit 3', 'sh', 'a b'], { cwd: '/', env: ENVIRONMENT });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 3);
  assert.equal(output, 'a b\n');
});

test('what a program has started ends with the process that started the program, even if that is killed', async () => {
  const module = JSON.stringify(import.meta.resolve('./bound-process.ts'));
  const script = `
    const { spawnBound } = await import(${module});
    const child = spawnBound('sh', ['-c', 'sleep 86377 & echo begun; wait'], { cwd: '/', env: process.env });
    child.stdout.pipe(process.stdout);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: parent.stdout }), 'line');
  assert.ok(await runs('sleep', '86377'));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  while (await runs('sleep', '86377')) await sleep(10);
});

test('isOnPath() finds programs', async () => {
  assert.equal(await isOnPath('sh', ENVIRONMENT.PATH), true);
  assert.equal(await isOnPath('no-such-program', ENVIRONMENT.PATH), false);
  assert.equal(await isOnPath('sh', ''), false);
});
