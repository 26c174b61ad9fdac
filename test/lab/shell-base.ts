import { readFile, realpath } from 'node:fs/promises';
import { buildMiniatureBase } from '../../src/embedded/index.ts';
import { machineArchitecture } from '../../src/cli/environment.ts';
import {
  appendLayers,
  buildLayer,
  parseReference,
  withDigest,
  type RegistryClient,
  type TarEntry,
} from '../../src/oci/index.ts';
import { run } from './run.ts';

/** What commands of its containers may call besides what the shell has. */
const PROGRAMS = ['cat', 'cp', 'mkdir', 'sleep'];

/**
 * Pushes the miniature base with a shell of this machine in it, such that a container build takes a second and not ten: for tests of
 * what is around a build.
 *
 * @param programs what commands may call besides
 * @returns `HOST/repository@digest`
 */
export async function pushShellBase(
  client: RegistryClient,
  repository: string,
  programs: readonly string[] = [],
): Promise<string> {
  const architecture = machineArchitecture();
  if (architecture !== 'amd64' && architecture !== 'arm64')
    throw new Error(`cannot make a base for ${architecture}`);
  const base = buildMiniatureBase({ architecture });
  const layer = buildLayer(await shellEntries(programs), { compression: 'gzip', mediaFamily: 'oci' });
  const image = appendLayers(
    { manifest: base.manifest, mediaType: base.mediaType, config: base.config },
    [layer],
    {
      labels: {},
      annotations: {},
      created: '2026-01-01T00:00:00Z',
      history: [{ created_by: 'a shell' }],
    },
  );
  const target = parseReference(repository);
  for (const { descriptor, bytes } of [...base.layers, layer])
    await client.putBlob(target, descriptor, bytes);
  await client.putBlob(target, image.configDescriptor, image.config);
  await client.putManifest(withDigest(target, image.digest), image.manifest, image.mediaType);
  return `${repository}@${image.digest}`;
}

async function shellEntries(more: readonly string[]): Promise<readonly TarEntry[]> {
  const programs = ['sh', ...PROGRAMS, ...more].map((name) => `/bin/${name}`);
  const { stdout } = await run('ldd', programs);
  const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+\.so\S*) \(/g)].map(([, path = '']) => path);
  const files = new Map<string, TarEntry>();
  for (const path of [...programs, ...libraries]) {
    // What links of the machine lead to is here what they would be.
    const name = path.replace(/^\/(?!usr\/)/, 'usr/').replace(/^\//, '');
    const contents = await readFile(await realpath(path));
    files.set(name, { path: name, type: 'file', mode: 0o755, uid: 0, gid: 0, contents });
  }
  const folders = new Set([...files.keys()].flatMap(parentsOf));
  const directories = [...folders].sort().map((path): TarEntry => {
    return { path, type: 'directory', mode: 0o755, uid: 0, gid: 0 };
  });
  return [...directories, ...files.values()];
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}
