// Writes deploy/controller, deploy/agent and deploy/builder from the code. Unit tests fail where they differ.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentManifests } from '../src/api/agent-manifests.ts';
import { builderManifest } from '../src/api/builder-manifest.ts';
import { permissionsManifest } from '../src/api/controller-permissions-manifest.ts';

await write('controller', new Map([['rbac.yaml', permissionsManifest()]]));
await write('agent', agentManifests());
await write('builder', new Map([['rbac.yaml', builderManifest()]]));

async function write(part: string, files: ReadonlyMap<string, string>): Promise<void> {
  const directory = fileURLToPath(new URL(`../deploy/${part}`, import.meta.url));
  await mkdir(directory, { recursive: true });
  for (const [name, text] of files) await writeFile(join(directory, name), text);
}
