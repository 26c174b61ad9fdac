import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseValue } from '../../src/ignition/index.ts';
import { place } from '../../src/machineconfig/index.ts';
import type { TarEntry } from '../../src/oci/index.ts';
import { buildLayer, sha256 } from '../../src/oci/index.ts';
import { openBaseIndex } from '../../src/osbuild/base-index.ts';
import type { BaseIndex } from '../../src/osbuild/base-index.ts';
import { indexBase } from '../../src/osbuild/base-indexer.ts';
import { skipWithout } from '../lab/requirements.ts';

/*
 * The links of enabled units, made by the real systemctl on a root that has the base's and the configuration's files,
 * and by the placement of the same configuration on an index of the same base.
 */

const DIRECTORIES = ['etc/systemd/system', 'usr/lib/systemd/system'] as const;
const UNITS = ['a.service', 'a@.service', 'a@i.service'] as const;

/** Texts by path, without the slash before it. */
type Files = Readonly<Record<string, string>>;

const target = fc.constantFrom('x.target', 'y.target', 'z.target', '');
const install = fc
  .array(fc.tuple(fc.constantFrom('WantedBy', 'RequiredBy'), fc.array(target, { maxLength: 2 })), {
    maxLength: 3,
  })
  .map((lines) => ['[Install]', ...lines.map(([key, words]) => `${key}=${words.join(' ')}`), ''].join('\n'));
const unitText = install.map((text) => `[Service]\nExecStart=/bin/true\n${text}`);
const unitPath = fc
  .tuple(fc.constantFrom(...DIRECTORIES), fc.constantFrom(...UNITS))
  .map((parts) => parts.join('/'));
const dropinPath = fc
  .tuple(unitPath, fc.constantFrom('05.conf', '10.conf', 'b.conf', 'é.conf', '.h.conf', 'text'))
  .map(([unit, name]) => `${unit}.d/${name}`);
const files = fc
  .tuple(
    fc.dictionary(unitPath, unitText, { maxKeys: 3, noNullPrototype: true }),
    fc.dictionary(dropinPath, install, { maxKeys: 5, noNullPrototype: true }),
  )
  .map((parts): Files => Object.assign({}, ...parts) as Files);

test(
  'place() links enabled units as systemctl enable does, whatever drop-ins they have and whoever has them',
  { skip: skipWithout('systemctl') },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        files,
        files,
        fc.constantFrom('a.service', 'a@i.service'),
        async (ofBase, ours, unit) => {
          assert.deepEqual(
            linksOf(await indexed(ofBase), ours, unit),
            linksBySystemctl({ ...ofBase, ...ours }, unit),
          );
        },
      ),
      { numRuns: 100 },
    );
  },
);

function linksBySystemctl(tree: Files, unit: string): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'varve-units-'));
  try {
    for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    // It fails where there is nothing to enable; then there are no links.
    spawnSync('systemctl', [`--root=${root}`, 'enable', unit]);
    const etc = join(root, DIRECTORIES[0]);
    return readdirSync(etc, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => `${path.slice(root.length)} -> ${readlinkSync(path).replace(root, '')}`)
      .sort();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** An index of a base that has the files in one layer. */
async function indexed(tree: Files): Promise<BaseIndex> {
  const entries = new Map<string, TarEntry>();
  for (const [path, text] of Object.entries(tree)) {
    entries.set(path, { path, type: 'file', mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(text) });
  }
  for (const path of [...Object.keys(tree), ...DIRECTORIES.map((one) => `${one}/x`)])
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent))
      entries.set(parent, { path: parent, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
  const layer = buildLayer([...entries.values()], { compression: 'none', mediaFamily: 'oci' });
  const base = sha256(Buffer.from('base'));
  async function* source(): AsyncGenerator<Uint8Array> {
    yield layer.bytes;
  }
  return openBaseIndex(await indexBase(base, [layer.descriptor], source), base);
}

/** The links of the image that enable the unit, when the configuration has these files. */
function linksOf(base: BaseIndex, ours: Files, unit: string): readonly string[] {
  const entries = Object.entries(ours).map(([path, text]) => ({
    path: `/${path}`,
    overwrite: true,
    contents: { source: `data:;base64,${Buffer.from(text).toString('base64')}` },
  }));
  const outcome = parseValue({
    ignition: { version: '3.5.0' },
    storage: { files: entries },
    systemd: { units: [{ name: unit, enabled: true }] },
  });
  assert.ok(outcome.ok, JSON.stringify(outcome.report));
  const { nodes } = place({
    config: outcome.config,
    kernelArguments: [],
    fips: false,
    provenance: { of: () => [], field: () => undefined },
    base,
  });
  return nodes.flatMap((node) => (node.type === 'symlink' ? [`${node.path} -> ${node.target}`] : [])).sort();
}
