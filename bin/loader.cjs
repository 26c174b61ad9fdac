'use strict';
// Runs the bundle with the code that V8 compiled for it before. bin/bundle.ts writes the bundle's name in here.
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const filename = `${__dirname}/BUNDLE`;
const cache = `${filename}.cache`;
let cachedData;
try {
  cachedData = readFileSync(cache);
} catch {
  // None was made yet, or it cannot be read: V8 compiles anew.
}
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'utf8')}\n})`;
const script = new Script(source, { filename, cachedData });
if (process.env.VARVE_WRITE_CODE_CACHE !== undefined) {
  process.on('exit', (status) => {
    if (status !== 0) return;
    writeFileSync(`${cache}.${process.pid}`, script.createCachedData());
    renameSync(`${cache}.${process.pid}`, cache);
  });
}
script.runInThisContext()(exports, require, module, filename, __dirname);
