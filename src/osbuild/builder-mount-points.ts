import { type BaseFacts, type ImageNode, parentOf } from '../machineconfig/index.ts';
import type { BuildMount } from './build-inputs.ts';

/** What a builder mounts files of its own on, whatever it builds. */
const FILES: readonly string[] = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];

/**
 * What a builder would make in an image to mount on it, and leave behind in its layers, empty. It finds them in the image that it
 * begins with instead, of which nothing is kept: an empty /etc/resolv.conf on a node is no small thing (host-contract §5.2).
 *
 * @param facts of the base
 * @param nodes what the build sees of the configuration
 */
export function builderMountPoints(
  facts: BaseFacts,
  nodes: readonly ImageNode[],
  mounts: readonly Pick<BuildMount, 'path'>[],
): readonly ImageNode[] {
  const there = new Set(nodes.map(({ path }) => path));
  const isMissing = (path: string): boolean => !there.has(path) && facts.entry(path) === undefined;
  const files = FILES.filter(isMissing).map((path): ImageNode => {
    return { type: 'file', path, mode: 0o644, uid: 0, gid: 0, contents: new Uint8Array() };
  });
  const directories = new Set(mounts.flatMap(({ path }) => withParents(path)).filter(isMissing));
  return [
    ...files,
    ...[...directories].map((path): ImageNode => ({ type: 'directory', path, mode: 0o755, uid: 0, gid: 0 })),
  ];
}

function withParents(path: string): readonly string[] {
  const parents: string[] = [];
  for (let at = path; at !== '/'; at = parentOf(at)) parents.unshift(at);
  return parents;
}
