// Bundles the command line into dist/cli/, as deep as src/cli/, so that paths relative to a module stay true. A bundle loads
// in a third of the time that the sources take.
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = `${root}dist.${process.pid}`;
const bundle = await rolldown({
  input: { main: `${root}src/cli/main.ts` },
  platform: 'node',
  logLevel: 'warn',
});
try {
  await bundle.write({
    dir: temporary,
    format: 'esm',
    minify: false,
    entryFileNames: 'cli/[name].js',
    chunkFileNames: 'cli/[name].js',
  });
  await rm(`${root}dist`, { recursive: true, force: true });
  await rename(temporary, `${root}dist`);
} finally {
  await bundle.close();
  await rm(temporary, { recursive: true, force: true });
}
