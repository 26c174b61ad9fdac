import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { atEnd } from '../lab/at-end.ts';

/*
 * bin/loader.cjs in a checkout of its own, whose bin/bundle.ts does as a test says.
 */

const LOADER = join(import.meta.dirname, '../../bin/loader.cjs');

const SAYS =
  "process.stdout.write('bundle ' + JSON.stringify(process.argv.slice(2)) + ' ' + process.env.VARVE_BUNDLED);";

/** A bundle.ts that makes the loader and its bundle, as the real one does. */
const BUNDLES = `
  import { readFileSync, writeFileSync } from 'node:fs';
  const text = readFileSync('bin/loader.cjs', 'utf8');
  const bundle = { file: 'bundle.cjs', sources: ['src/main.ts'] };
  const bundles = { brief: bundle, lasting: bundle, commands: { lasting: ['up'] }, moments: [] };
  writeFileSync('dist/cli/bundle.cjs', ${JSON.stringify(SAYS)});
  writeFileSync('dist/cli/main.cjs', text.replace(/^const BUNDLES = .*$/mu, 'const BUNDLES = ' + JSON.stringify(bundles) + ';'));
  process.stderr.write('bundled\\n');
`;

interface Checkout {
  /** Dates a file, in seconds from now. */
  date(path: string, seconds: number): void;
  write(path: string, text: string): void;
  run(...args: readonly string[]): Promise<Outcome>;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function checkout(t: TestContext): Promise<Checkout> {
  const root = mkdtempSync(join(tmpdir(), 'varve-loader-'));
  atEnd(t, () => rmSync(root, { recursive: true, force: true }));
  for (const directory of ['bin', 'dist/cli', 'src']) mkdirSync(join(root, directory), { recursive: true });
  const here: Checkout = {
    date(path, seconds) {
      const time = Date.now() / 1000 + seconds;
      utimesSync(join(root, path), time, time);
    },
    write: (path, text) => writeFileSync(join(root, path), text),
    run: (...args) => start(root, ['dist/cli/main.cjs', ...args]),
  };
  here.write('package.json', '{ "type": "module" }');
  here.write('src/main.ts', '');
  here.write('bin/loader.cjs', readFileSync(LOADER, 'utf8'));
  here.write('bin/bundle.ts', BUNDLES);
  for (const path of ['package.json', 'src/main.ts', 'bin/loader.cjs', 'bin/bundle.ts']) here.date(path, -60);
  assert.equal((await start(root, ['bin/bundle.ts'])).status, 0);
  return here;
}

/** Runs Node; one that never ends is killed with all that it started. */
function start(cwd: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
    const limit = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 20_000);
    child.on('close', (status) => {
      clearTimeout(limit);
      resolve({ status, ...said });
    });
  });
}

test('the loader runs the bundle, and makes it anew when a source has changed', async (t) => {
  const here = await checkout(t);
  assert.deepEqual(await here.run('build', '-f', 'x'), {
    status: 0,
    stdout: 'bundle ["build","-f","x"] undefined',
    stderr: '',
  });
  here.date('dist/cli/main.cjs', -30);
  here.date('src/main.ts', -10);
  for (const command of ['build', 'up']) {
    assert.deepEqual(await here.run(command), {
      status: 0,
      stdout: `bundle ["${command}"] undefined`,
      stderr: command === 'build' ? 'bundled\n' : '',
    });
  }
});

test('the loader says that the bundle was not made anew, and does not try for ever', async (t) => {
  const here = await checkout(t);
  here.write('bin/bundle.ts', '');
  here.date('bin/bundle.ts', -60);
  here.date('dist/cli/main.cjs', -30);
  here.date('src/main.ts', -10);
  assert.deepEqual(await here.run('build'), {
    status: 1,
    stdout: '',
    stderr:
      'varve: src/main.ts is newer than dist/cli/main.cjs, and bin/bundle.ts has not made that anew; remove dist/cli and run varve again\n',
  });
});

test('the loader runs a bundle that has just been made of a source from the future, and says so', async (t) => {
  const here = await checkout(t);
  here.date('src/main.ts', 3600);
  for (const command of ['build', 'up']) {
    assert.deepEqual(await here.run(command), {
      status: 0,
      stdout: `bundle ["${command}"] undefined`,
      stderr:
        'bundled\nvarve: src/main.ts is newer than the bundle that has just been made of it, so it will be made at every start; run touch src/main.ts\n',
    });
  }
});

test('the loader ends where no bundle can be made', async (t) => {
  const here = await checkout(t);
  here.write('bin/bundle.ts', 'process.exit(3);');
  here.date('bin/bundle.ts', 3600);
  assert.deepEqual(await here.run('build'), { status: 1, stdout: '', stderr: '' });
});
