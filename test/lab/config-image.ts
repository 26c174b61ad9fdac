import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseValue } from '../../src/ignition/index.ts';
import { fakeBase } from '../../src/machineconfig/fake-base.ts';
import { place } from '../../src/machineconfig/index.ts';
import { PROVENANCE_PATH, provenanceMap } from '../../src/osbuild/index.ts';

const BASE = fakeBase({
  users: { core: { uid: 1000, gid: 1000, home: '/home/core' } },
  groups: { core: 1000 },
});

/**
 * Writes the tree of a configuration layer as Varve places it: the files, their rules below /usr, and the provenance map. Owners
 * are root, whatever the configuration says.
 *
 * @param config the members of an Ignition config but for its version
 */
export function writeConfigTree(folder: string, name: string, config: object): void {
  rmSync(folder, { recursive: true, force: true });
  const outcome = parseValue({ ignition: { version: '3.5.0' }, ...config });
  assert.ok(outcome.ok, JSON.stringify(outcome.report));
  const placement = place({
    config: outcome.config,
    kernelArguments: [],
    fips: false,
    provenance: { of: () => [`50-${name}`], field: () => undefined },
    base: BASE,
  });
  const made = {
    pool: 'worker',
    renderedConfig: `rendered-${name}`,
    base: `sha256:${'0'.repeat(64)}`,
  } as const;
  const write = (path: string, contents: string | Uint8Array, mode: number): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), contents);
    chmodSync(join(folder, path), mode);
  };
  write(PROVENANCE_PATH, JSON.stringify(provenanceMap(placement, made)), 0o644);
  for (const node of placement.nodes) {
    if (node.type === 'file') write(node.path, node.contents, node.mode);
    else if (node.type === 'directory')
      mkdirSync(join(folder, node.path), { recursive: true, mode: node.mode });
    else if (node.type === 'symlink') {
      mkdirSync(dirname(join(folder, node.path)), { recursive: true });
      symlinkSync(node.target, join(folder, node.path));
    }
  }
}
