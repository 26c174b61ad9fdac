import assert from 'node:assert/strict';
import { buildMiniatureBase } from '../../src/embedded/index.ts';
import { parseValue } from '../../src/ignition/index.ts';
import { fakeBase } from '../../src/machineconfig/fake-base.ts';
import { place } from '../../src/machineconfig/index.ts';
import {
  appendLayers,
  buildLayer,
  parseReference,
  type RegistryClient,
  type TarEntry,
} from '../../src/oci/index.ts';
import { PROVENANCE_PATH, provenanceMap } from '../../src/osbuild/index.ts';

const BASE = fakeBase({
  users: { core: { uid: 1000, gid: 1000, home: '/home/core' } },
  groups: { core: 1000 },
});

/** An image of a miniature base and a configuration, as a registry has it. */
export interface PlacedImage {
  /** `HOST/REPOSITORY@DIGEST`. */
  readonly image: string;
  readonly digest: string;
  /** Of its rendered MachineConfig. */
  readonly config: string;
  readonly name: string;
}

/**
 * Pushes a miniature base with a configuration on it, placed as Varve places it.
 *
 * @param repository `HOST/REPOSITORY`
 * @param config the members of an Ignition config but for its version
 */
export async function pushPlacedImage(
  client: RegistryClient,
  repository: string,
  name: string,
  config: object,
  kernelArguments: readonly string[],
): Promise<PlacedImage> {
  const base = buildMiniatureBase();
  const outcome = parseValue({ ignition: { version: '3.5.0' }, ...config });
  assert.ok(outcome.ok, JSON.stringify(outcome.report));
  const placement = place({
    config: outcome.config,
    kernelArguments,
    fips: false,
    provenance: { of: () => [`50-${name}`], field: () => undefined },
    base: BASE,
  });
  const renderedConfig = `rendered-${name}`;
  const made = { pool: 'worker', renderedConfig, base: base.digest } as const;
  const provenance = Buffer.from(JSON.stringify(provenanceMap(placement, made)));
  const owner = { uid: 0, gid: 0 };
  const entries: TarEntry[] = [
    { path: PROVENANCE_PATH.slice(1), type: 'file', mode: 0o644, ...owner, contents: provenance },
  ];
  for (const node of placement.nodes) {
    const path = node.path.slice(1);
    if (node.type === 'file') {
      entries.push({ path, type: 'file', mode: node.mode, ...owner, contents: Buffer.from(node.contents) });
    } else if (node.type === 'directory')
      entries.push({ path, type: 'directory', mode: node.mode, ...owner });
    else if (node.type === 'symlink')
      entries.push({ path, type: 'symlink', mode: 0o777, ...owner, target: node.target });
  }
  const layer = buildLayer(withParents(entries), { compression: 'gzip', mediaFamily: 'oci' });
  const created = '2026-01-02T00:00:00Z';
  const appended = appendLayers(base, [layer], {
    labels: { 'org.opencontainers.image.version': name },
    annotations: {},
    created,
    history: [{ created_by: `configuration ${name}` }],
  });
  const reference = parseReference(`${repository}:${name}`);
  for (const { descriptor, bytes } of [...base.layers, layer])
    await client.putBlob(reference, descriptor, bytes);
  await client.putBlob(reference, appended.configDescriptor, appended.config);
  await client.putManifest(reference, appended.manifest, appended.mediaType);
  return { image: `${repository}@${appended.digest}`, digest: appended.digest, config: renderedConfig, name };
}

function withParents(entries: readonly TarEntry[]): readonly TarEntry[] {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (!all.has(folder)) all.set(folder, { path: folder, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
    }
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
