import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageTree, TreeEntry } from './image-tree.ts';

/** What lies below a folder of this machine, as a tree to compare with an image's. Extended attributes are not read. */
export async function folderTree(root: string): Promise<ImageTree> {
  const tree = new Map<string, TreeEntry>();
  async function visit(folder: string): Promise<void> {
    for (const name of await readdir(join(root, folder))) {
      const path = join(folder, name);
      const entry = await describe(join(root, path));
      tree.set(path, entry);
      if (entry.type === 'directory') await visit(path);
    }
  }
  await visit('');
  return tree;
}

async function describe(path: string): Promise<TreeEntry> {
  const info = await lstat(path);
  const type = info.isFile()
    ? 'file'
    : info.isDirectory()
      ? 'directory'
      : info.isSymbolicLink()
        ? 'symlink'
        : 'other';
  return {
    type,
    mode: info.mode & 0o7777,
    uid: info.uid,
    gid: info.gid,
    mtime: Math.floor(info.mtimeMs / 1000),
    size: type === 'file' ? info.size : 0,
    sha256:
      type === 'file'
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : undefined,
    linkTarget: type === 'symlink' ? await readlink(path) : undefined,
    xattrs: {},
  };
}
