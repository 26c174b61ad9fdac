import type { TarEntry } from '../oci/index.ts';
import type { BaseFacts, ImageNode, Placement } from '../machineconfig/index.ts';
import { parentOf } from '../machineconfig/index.ts';
import { PROVENANCE_PATH } from './provenance-map.ts';
import type { ProvenanceMap } from './provenance-map.ts';

/**
 * The entries of the one layer that holds a pool's configuration (host-contract §5.2, §5.7 "squash"): the placement's
 * nodes, whiteouts for what it removes, the provenance map, and every parent directory with the metadata that the base
 * gives it, since a host would otherwise invent it.
 */
export function configLayerEntries(
  { nodes, removals }: Pick<Placement, 'nodes' | 'removals'>,
  provenance: ProvenanceMap,
  base: BaseFacts,
): readonly TarEntry[] {
  const map: ImageNode = {
    type: 'file',
    path: PROVENANCE_PATH,
    // A short secret can be guessed from its sha256, whatever the mode of its own file is.
    mode: 0o600,
    uid: 0,
    gid: 0,
    contents: Buffer.from(`${JSON.stringify(provenance)}\n`),
  };
  return layerEntries({ nodes: [...nodes, map], removals }, base);
}

/** The entries of a layer of these nodes: with whiteouts for what is removed, and with all parent directories. */
export function layerEntries(
  placement: Pick<Placement, 'nodes' | 'removals'>,
  base: BaseFacts,
): readonly TarEntry[] {
  const nodes = new Map<string, ImageNode>(placement.nodes.map((node) => [node.path, node]));
  for (const path of placement.removals) {
    if (nodes.has(path)) continue;
    const whiteout = `${parentOf(path)}/.wh.${path.slice(path.lastIndexOf('/') + 1)}`;
    nodes.set(whiteout, {
      type: 'file',
      path: whiteout,
      mode: 0o644,
      uid: 0,
      gid: 0,
      contents: new Uint8Array(),
    });
  }
  for (const path of Array.from(nodes.keys())) {
    for (let parent = parentOf(path); parent !== '/' && !nodes.has(parent); parent = parentOf(parent)) {
      nodes.set(parent, directoryLike(parent, base));
    }
  }
  return [...nodes.values()].map(toTarEntry);
}

function directoryLike(path: string, base: BaseFacts): ImageNode {
  const there = base.entry(path);
  return there?.type === 'directory'
    ? { ...there, path }
    : { type: 'directory', path, mode: 0o755, uid: 0, gid: 0 };
}

function toTarEntry(node: ImageNode): TarEntry {
  const path = node.path.slice(1);
  switch (node.type) {
    case 'file':
      return { path, type: 'file', mode: node.mode, uid: node.uid, gid: node.gid, contents: node.contents };
    case 'directory':
      return { path, type: 'directory', mode: node.mode, uid: node.uid, gid: node.gid };
    case 'symlink':
      return { path, type: 'symlink', mode: 0o777, uid: node.uid, gid: node.gid, target: node.target };
    case 'hardlink':
      return { path, type: 'hardlink', mode: 0o644, uid: 0, gid: 0, target: node.target.slice(1) };
  }
}
