// Makes dist/cli/main.cjs, what bin/varve runs: the command line in one CommonJS file with V8's code cache beside it.
//
// One file loads in a third of the time that the sources take, and it is CommonJS because an ES import of a part of Node
// loads all that this part could offer (undici, with node:http). V8 compiles a function when it is first called, which is a
// fifth of what a build takes; the cache holds the functions that a build calls, compiled. Node's own compile cache
// keeps only what runs while a file loads.
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { copyFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = `${root}dist/cli`;

/** Bundles of earlier sources are kept this long, in milliseconds: a process that starts now may still name one. */
const KEPT = 60_000;

const name = await bundle();
await writeFile(
  `${directory}/main.${process.pid}.cjs`,
  (await readFile(`${root}bin/loader.cjs`, 'utf8')).replace('BUNDLE', name),
);
await rename(`${directory}/main.${process.pid}.cjs`, `${directory}/main.cjs`);
warmUp();
await removeOld();

/** The bundle's name has its content's hash in it: V8 tells a cache of another source of the same length from its own by nothing. */
async function bundle(): Promise<string> {
  const temporary = `${directory}/bundle.${process.pid}.cjs`;
  const build = await rolldown({ input: `${root}src/cli/main.ts`, platform: 'node', logLevel: 'warn' });
  await build.write({ file: temporary, format: 'cjs', codeSplitting: false });
  await build.close();
  const found = `varve-${hash('sha256', await readFile(temporary), 'hex').slice(0, 16)}.cjs`;
  await copyFile(temporary, `${directory}/${found}`);
  await rm(temporary);
  return found;
}

/** A build like any other, on loopback, whose compiled functions become the cache. Without one everything works, slower. */
function warmUp(): void {
  try {
    execFileSync(process.execPath, [`${directory}/main.cjs`, 'demo'], {
      env: { ...process.env, VARVE_WRITE_CODE_CACHE: '1' },
      stdio: 'ignore',
      timeout: 60_000,
    });
  } catch {
    process.stderr.write('bin/bundle.ts: no code cache could be made; varve starts more slowly\n');
  }
}

async function removeOld(): Promise<void> {
  for (const file of await readdir(directory)) {
    const path = `${directory}/${file}`;
    if (file === 'main.cjs' || file.startsWith(name)) continue;
    if (Date.now() - (await stat(path)).mtimeMs > KEPT) await rm(path, { force: true });
  }
}
