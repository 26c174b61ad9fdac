'use strict';
// Runs a bundle: that of the commands that take a moment with the code that V8 compiled for it before, or that of the
// commands that last.
const { readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

/**
 * bin/bundle.ts writes in here which bundles there are, what they were made of, which commands last, by their bundle, and which
 * of their subcommands do not.
 */
const BUNDLES = { brief: { file: '', sources: [] }, commands: {}, moments: [] };

const root = `${__dirname}/../..`;
const [, , asked, more] = process.argv;
const isMoment = BUNDLES.moments.includes(`${asked} ${more}`);
const kind = Object.keys(BUNDLES.commands).find(
  (name) => !isMoment && BUNDLES.commands[name].includes(asked),
);
const isLasting = kind !== undefined;
const bundle = BUNDLES[kind ?? 'brief'];
const filename = `${__dirname}/${bundle.file}`;
const cache = `${filename}.cache`;

/**
 * What V8 does for processes that live longer: it marks a heap of some 11 MB while this one waits for a registry, and
 * compiles anew, with all optimisations, what the reading of YAML calls a few thousand times. Where a base is read for
 * seconds, they gain nothing either.
 */
const FLAGS = ['--no-incremental-marking', '--no-turbofan', '--invocation-count-for-maglev=5000'];

/** When this loader was made, and the bundles with it. */
const made = statSync(__filename).mtimeMs;

/** When the loader was made that has had this one made in its place; else undefined. Not for processes that this starts. */
const before = process.env.VARVE_BUNDLED;
delete process.env.VARVE_BUNDLED;

/** A source, or what makes the bundle of them, that has changed since. */
function newerSource() {
  return ['package.json', 'bin/bundle.ts', 'bin/loader.cjs', ...bundle.sources].find((path) => {
    const stat = statSync(`${root}/${path}`, { throwIfNoEntry: false });
    return stat === undefined || stat.mtimeMs > made;
  });
}

/**
 * Makes the bundles anew and runs the loader that comes with them; once only, since a file may be dated in the future. In this
 * very process: a signal that is meant for the command has to reach it.
 */
function bundleAnew() {
  const { spawnSync } = require('node:child_process');
  const { status } = spawnSync(process.execPath, [`${root}/bin/bundle.ts`], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
  process.env.VARVE_BUNDLED = String(made);
  delete require.cache[__filename];
  require(__filename);
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

function start() {
  if (isLasting) runLasting();
  else run();
}

const newer = process.env.VARVE_WRITE_CODE_CACHE === undefined ? newerSource() : undefined;
if (newer === undefined) start();
else if (before === undefined) bundleAnew();
else if (before === String(made)) {
  process.stderr.write(
    `varve: ${newer} is newer than dist/cli/main.cjs, and bin/bundle.ts has not made that anew; remove dist/cli and run varve again\n`,
  );
  process.exit(1);
} else {
  process.stderr.write(
    `varve: ${newer} is newer than the bundle that has just been made of it, so it will be made at every start; run touch ${newer}\n`,
  );
  start();
}
