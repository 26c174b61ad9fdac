import { buildLayer, openRegistry, parseReference, sha256, type TarEntry } from '../../src/oci/index.ts';

/**
 * Pushes an image of this machine's architecture that has these files and nothing else.
 *
 * @param files by their paths, relative to its root; their folders' parents are made
 */
export async function pushFileImage(
  reference: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const owner = { uid: 0, gid: 0 };
  const folders = new Set([...files.keys()].flatMap(parentsOf));
  const entries: TarEntry[] = [];
  for (const path of [...folders].sort()) entries.push({ type: 'directory', path, mode: 0o755, ...owner });
  for (const [path, contents] of files) entries.push({ type: 'file', path, mode: 0o644, contents, ...owner });
  const layer = buildLayer(entries, { compression: 'gzip', mediaFamily: 'oci' });
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    }),
  );
  const type = 'application/vnd.oci.image';
  const descriptor = { mediaType: `${type}.config.v1+json`, digest: sha256(config), size: config.length };
  const mediaType = `${type}.manifest.v1+json`;
  const document = { schemaVersion: 2, mediaType, config: descriptor, layers: [layer.descriptor] };
  const to = parseReference(reference);
  const client = openRegistry({});
  try {
    await client.putBlob(to, layer.descriptor, layer.bytes);
    await client.putBlob(to, descriptor, config);
    await client.putManifest(to, Buffer.from(JSON.stringify(document)), mediaType);
  } finally {
    client.close();
  }
}

/** `a/b/c`: `a`, `a/b`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
