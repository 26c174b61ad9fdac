'use strict';
// Runs a bundle: that of the commands that take a moment with the code that V8 compiled for it before, or that of the
// commands that last.
const { readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

/** bin/bundle.ts writes in here which bundles there are, what they were made of, and which commands last. */
const BUNDLES = { brief: { file: '', sources: [] }, lasting: { file: '', sources: [] }, commands: [] };

const root = `${__dirname}/../..`;
const isLasting = BUNDLES.commands.includes(process.argv[2]);
const bundle = isLasting ? BUNDLES.lasting : BUNDLES.brief;
const filename = `${__dirname}/${bundle.file}`;
const cache = `${filename}.cache`;

/**
 * What V8 does for processes that live longer: it marks a heap of some 11 MB while this one waits for a registry, and
 * compiles anew, with all optimisations, what the reading of YAML calls a few thousand times. Where a base is read for
 * seconds, they gain nothing either.
 */
const FLAGS = ['--no-incremental-marking', '--no-turbofan', '--invocation-count-for-maglev=5000'];

/** Whether a source, or what makes the bundle of them, has changed since. */
function isStale() {
  const made = statSync(__filename).mtimeMs;
  return ['package.json', 'bin/bundle.ts', 'bin/loader.cjs', ...bundle.sources].some((path) => {
    const stat = statSync(`${root}/${path}`, { throwIfNoEntry: false });
    return stat === undefined || stat.mtimeMs > made;
  });
}

/** A process that lasts is optimised as it runs. */
function runLasting() {
  require(filename);
}

function run() {
  let cachedData;
  try {
    cachedData = readFileSync(cache);
  } catch {
    // None was made yet, or it cannot be read: V8 compiles anew.
  }
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`;
  const script = new Script(source, { filename, cachedData });
  if (process.env.VARVE_WRITE_CODE_CACHE !== undefined) {
    process.on('exit', (status) => {
      if (status !== 0) return;
      writeFileSync(`${cache}.${process.pid}`, script.createCachedData());
      renameSync(`${cache}.${process.pid}`, cache);
    });
  }
  script.runInThisContext()(exports, require, module, filename, __dirname);
  // Not before all is loaded, and not on the command line: V8 takes no cached code that was made under other flags, of
  // Node's own modules neither, and compiling those takes longer than the flags save.
  if (process.env.VARVE_WRITE_CODE_CACHE === undefined) FLAGS.forEach((flag) => setFlagsFromString(flag));
}

if (process.env.VARVE_WRITE_CODE_CACHE === undefined && isStale()) {
  const { spawnSync } = require('node:child_process');
  const { status } = spawnSync(process.execPath, [`${root}/bin/bundle.ts`], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
  const again = spawnSync(process.execPath, [...process.execArgv, __filename, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(again.status ?? 1);
} else if (isLasting) runLasting();
else run();
