// Writes deploy/crds from the code: one CustomResourceDefinition a file. A unit test fails where the two differ.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifests } from '../src/api/definitions/manifest.ts';

const directory = fileURLToPath(new URL('../deploy/crds', import.meta.url));
const files = manifests();

await mkdir(directory, { recursive: true });
for (const [name, text] of files) await writeFile(join(directory, name), text);
for (const name of await readdir(directory)) {
  if (!files.has(name)) await rm(join(directory, name));
}
