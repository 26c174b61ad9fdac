import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openStore } from './open-store.ts';
import { StoreError } from './store-error.ts';

const INDEX = new URL('index.ts', import.meta.url).href;

let directory: string;

function assertRefused(message: string): void {
  assert.throws(
    () => openStore({ directory }),
    (error) => error instanceof StoreError && error.message === message,
    message,
  );
}

/** Another process that has the store open until it is ended. */
async function holder(): Promise<ChildProcess> {
  const script = `
    import { openStore } from ${JSON.stringify(INDEX)};
    const store = openStore({ directory: ${JSON.stringify(directory)} });
    console.log('open');
    setInterval(() => store, 1_000_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('the directory of a store', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'store-lock-'));
  });

  afterEach(() => {
    chmodSync(directory, 0o700);
    rmSync(directory, { recursive: true });
  });

  test('is made for its owner alone', () => {
    const made = join(directory, 'made');
    openStore({ directory: made }).close();
    assert.equal(statSync(made).mode & 0o777, 0o700);
  });

  describe('a directory in use is refused', () => {
    test('with the pid of the process that has it; not any more when that was killed', async () => {
      const child = await holder();
      try {
        for (let attempt = 0; attempt < 2; attempt++)
          assertRefused(
            `cannot use ${directory}: it is in use by the process with pid ${child.pid}; stop it first`,
          );
      } finally {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
      openStore({ directory }).close();
    });

    test('to the same process too', () => {
      const store = openStore({ directory });
      for (let attempt = 0; attempt < 2; attempt++)
        assertRefused(`cannot use ${directory}: it is in use by this process (pid ${process.pid})`);
      store.close();
      openStore({ directory }).close();
    });

    test('even if nobody knows by whom', async () => {
      const child = await holder();
      try {
        writeFileSync(join(directory, 'objects.pid'), 'garbage');
        assertRefused(`cannot use ${directory}: it is in use by another process`);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    });
  });

  test('a store that was closed leaves no log, and nothing that says that it is open', () => {
    openStore({ directory }).close();
    assert.deepEqual(readdirSync(directory).sort(), ['objects.db', 'objects.lock']);
  });

  test('a file in place of the directory is refused', () => {
    writeFileSync(join(directory, 'file'), '');
    assert.throws(
      () => openStore({ directory: join(directory, 'file') }),
      (error) => error instanceof StoreError && error.code === 'io' && error.message.includes('EEXIST'),
    );
  });

  describe('what cannot be written is refused:', () => {
    /** As somebody whom permissions apply to, which they do not to root. */
    function attempt(): string {
      const script = `
      const { openStore } = await import(${JSON.stringify(INDEX)});
      try { openStore({ directory: ${JSON.stringify(directory)} }).close(); console.log('opened'); }
      catch (error) { console.log(error.code, error.message); }`;
      const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
      const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        ...nobody,
      });
      return result.stdout === '' ? result.stderr : result.stdout.trim();
    }

    function prepare(): void {
      openStore({ directory }).close();
      for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o666);
      chmodSync(directory, 0o777);
    }

    test('the directory', (context) => {
      prepare();
      if (attempt() !== 'opened') return context.skip('another user cannot run this program');
      chmodSync(directory, 0o555);
      assert.equal(
        attempt(),
        `read-only cannot use ${directory}: EACCES: permission denied, access '${directory}'; ` +
          'it must be writable for this process',
      );
    });

    test('the database', (context) => {
      prepare();
      if (attempt() !== 'opened') return context.skip('another user cannot run this program');
      const file = join(directory, 'objects.db');
      chmodSync(file, 0o444);
      assert.equal(
        attempt(),
        `read-only cannot open ${file}: EACCES: permission denied, access '${file}'; it must be writable for this process`,
      );
      // What failed does not stand in the way later.
      chmodSync(file, 0o666);
      assert.equal(attempt(), 'opened');
    });
  });
});
