// Makes one file of the command line, for images that have no sources: deploy/builder/Containerfile.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const [, , file] = process.argv;
if (file === undefined) throw new Error('name the file to make');
const root = fileURLToPath(new URL('..', import.meta.url));
const build = await rolldown({ input: join(root, 'src/cli/main.ts'), platform: 'node', logLevel: 'warn' });
await build.write({ file, format: 'cjs', codeSplitting: false });
await build.close();
