// Bundles the command line into dist/cli/main.cjs, as deep as src/cli/main.ts, so that paths relative to a module stay true.
// The bundle loads in a third of the time that the sources take. It is CommonJS because an ES import of a part of Node
// loads all that it could offer (undici, with node:http), and one file so that it can be replaced while others run it.
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = `${root}dist/cli/main.${process.pid}.cjs`;
const bundle = await rolldown({ input: `${root}src/cli/main.ts`, platform: 'node', logLevel: 'warn' });
try {
  await bundle.write({ file: temporary, format: 'cjs', codeSplitting: false });
  await rename(temporary, `${root}dist/cli/main.cjs`);
} finally {
  await bundle.close();
  await rm(temporary, { force: true });
}
