import { readTar, type TarMember } from '../../../oci/index.ts';
import type { Repository } from './repository.ts';
import { ToolError } from './tool-error.ts';
import { ordered, type Tree, type TreeNode } from './tree.ts';

/** The largest file of an image that a machine here takes. */
const MAX_FILE = 1024 * 1024 * 1024;

/** Whose folders are of the running system: nothing of what an image has in them is deployed (host-contract §5.2). */
const EMPTIED = /^(?:run|tmp|proc|sys|dev)\//;

/** Objects of an ostree repository in an image's layer, which its names are hard links to (host-contract §5.4). */
const ENCAPSULATED = /^sysroot\/ostree(?:\/|$)/;

/**
 * Keeps the files of a layer and answers what it lists, as a host does (host-contract §5.2, §5.4): its /etc is the default of
 * the host's.
 *
 * @param archive an uncompressed tar
 * @throws ToolError, in ostree's words, for what no host takes
 */
export async function importLayer(repository: Repository, archive: AsyncIterable<Uint8Array>): Promise<Tree> {
  const tree = new Map<string, TreeNode>();
  const objects = new Map<string, TreeNode>();
  for await (const member of readTar(archive, { wanted: () => true, bodyLimit: MAX_FILE })) {
    if (member.path === '') continue;
    const node = nodeOf(repository, member, tree, objects);
    if (ENCAPSULATED.test(member.path)) {
      objects.set(member.path, node);
      continue;
    }
    if (EMPTIED.test(member.path)) continue;
    const path = placeOf(member.path);
    const there = tree.get(path);
    if (there?.kind === 'directory' && node.kind !== 'directory') {
      throw new ToolError(`Can't replace directory with file: ${path}`);
    }
    tree.set(path, node);
  }
  return ordered(tree);
}

/** An image's /etc is what a host's begins as. */
function placeOf(path: string): string {
  return path === 'etc' || path.startsWith('etc/') ? `usr/${path}` : path;
}

function nodeOf(
  repository: Repository,
  member: TarMember,
  tree: Tree,
  objects: ReadonlyMap<string, TreeNode>,
): TreeNode {
  const { path, type, mode, uid, gid, target = '', contents, xattrs } = member;
  switch (type) {
    case 'directory':
      return { kind: 'directory', mode, uid, gid };
    case 'symlink':
      return { kind: 'symlink', uid, gid, target };
    case 'file': {
      const kept = [...(xattrs ?? [])].map(
        ([name, value]) => [name, Buffer.from(value).toString('base64')] as const,
      );
      return repository.addFile(contents ?? new Uint8Array(), { mode, uid, gid, xattrs: kept });
    }
    case 'hardlink': {
      const linked = objects.get(target) ?? tree.get(placeOf(target));
      if (linked !== undefined && linked.kind !== 'directory') return linked;
      throw new ToolError(
        `ostree-tar: Processing deferred hardlink ${path}: Failed to find object: No such file or directory: ${target}`,
      );
    }
    case 'character-device':
    case 'block-device':
    case 'fifo':
    case 'sparse-file':
      throw new ToolError(`Unsupported file type for path "${path}"`);
  }
}
