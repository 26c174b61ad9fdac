// Runs the system tests, the files that are named or all of test/system, two at a time: most of them wait most of their time.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Who takes longest begins first, so that nobody is waited for alone in the end. */
const LONGEST: readonly string[] = [
  'qemu-update',
  'agent-crashes',
  'controllers-killed',
  'container-build',
  'api-faults',
  'demo',
  'nspawn-nodes',
  'bad-configurations',
  'rollout-killed',
  'rollout-nspawn',
  'controllers-faults',
  'controller-command',
  'build-controllers',
  'image-tree',
  'api-hostile-clients',
];

/** More than this at once would have what a user has for itself measured by what is left to it. */
const MOST = 2;

/** Milliseconds after which a file has failed: it would be waited for without an end. */
const PATIENCE = 3_600_000;

const FOLDER = join(import.meta.dirname, 'system');
const named = process.argv.slice(2);
const files =
  named.length > 0
    ? named
    : readdirSync(FOLDER)
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => join(FOLDER, name));

function rank(file: string): number {
  const found = LONGEST.indexOf(basename(file, '.test.ts'));
  return found < 0 ? LONGEST.length : found;
}

// Against a server that is somebody's, each file installs what is missing there and takes it away again.
const isGiven = (process.env['VARVE_TEST_KUBECONFIG'] ?? '') !== '';
const concurrency = isGiven ? 1 : Math.min(MOST, availableParallelism());

let ran = 0;
let isWell = true;
const events = run({
  files: files.toSorted((one, other) => rank(one) - rank(other)),
  concurrency,
  timeout: PATIENCE,
  execArgv: ['--import', join(import.meta.dirname, 'same-properties.ts')],
  // Node's own end waits at times for a connection that nobody has any more, and computes meanwhile.
  forceExit: true,
});
events.on('test:fail', () => {
  isWell = false;
});
events.on('test:summary', ({ file, counts, success }) => {
  if (file !== undefined) return;
  ran = counts.tests;
  isWell &&= success && (process.env['CI'] !== 'true' || counts.skipped === 0);
});
events.compose(spec).pipe(process.stdout);
process.once('exit', () => {
  if (!isWell || ran === 0) process.exitCode = 1;
});
