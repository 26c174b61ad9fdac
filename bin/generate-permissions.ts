// Writes deploy/controller/rbac.yaml from the code. A unit test fails where the two differ.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { permissionsManifest } from '../src/api/controller-permissions-manifest.ts';

const directory = fileURLToPath(new URL('../deploy/controller', import.meta.url));

await mkdir(directory, { recursive: true });
await writeFile(`${directory}/rbac.yaml`, permissionsManifest());
