import { basename, dirname } from 'node:path/posix';
import { FileProblem, type PathProblem, reasonOf } from './file-problem.ts';
import type { Drift } from './find-drift.ts';
import { type Attributes, type FolderMaker, HostFolder } from './host-folder.ts';
import { type ImageTree, readImageFile, sha256Of } from './image-tree.ts';
import { readLiveFile } from './live-file.ts';

/** What came of healing. */
export interface Healing {
  readonly healed: readonly string[];
  readonly problems: readonly PathProblem[];
}

/**
 * Makes paths of the host what the image has there, content and metadata: ostree then takes them for untouched, and they follow
 * the next image (host-contract §3.3). A directory with something in it is never taken away.
 */
export async function healDrift(root: string, tree: ImageTree, drifts: readonly Drift[]): Promise<Healing> {
  const healed: string[] = [];
  const problems: PathProblem[] = [];
  // Folders before what lies in them.
  for (const drift of [...drifts].sort((a, b) => a.path.length - b.path.length)) {
    const { path } = drift;
    try {
      await healOne(root, tree, drift);
      healed.push(path);
    } catch (error) {
      problems.push({ path, reason: error instanceof FileProblem ? error.message : reasonOf(error) });
    }
  }
  return { healed, problems };
}

async function healOne(root: string, tree: ImageTree, drift: Drift): Promise<void> {
  const { path, plane, kinds } = drift;
  const expected = drift.expected.type === 'any' ? drift.expected.otherwise : drift.expected;
  if (expected === undefined)
    throw new FileProblem(path, 'the image has no copy of it that could be put back');
  await using folder = await HostFolder.open(root, dirname(path), makerFor(tree, plane));
  if (folder === undefined) throw new FileProblem(path, 'its folder is gone');
  const name = basename(path);
  const there = await readLiveFile(folder, name);
  switch (expected.type) {
    case 'nothing':
      if (there.type === 'directory') {
        if (!(await folder.removeFolder(name)))
          throw new FileProblem(path, 'a directory with something in it stands in its place');
      } else if (there.type !== 'missing') await folder.remove(name);
      return;
    case 'symlink':
      await folder.putLink(name, expected.target);
      return;
    case 'directory':
      if (there.type !== 'missing' && there.type !== 'directory') {
        throw new FileProblem(path, 'something that is no directory stands in its place');
      }
      await folder.putFolder(name, there.type === 'missing' ? withDefaults(expected, 0o755) : expected);
      return;
    case 'file': {
      const attributes = withDefaults(expected, 0o644);
      const isWhole = there.type === 'file' && kinds.every((kind) => kind === 'mode' || kind === 'owner');
      if (isWhole) {
        await folder.setAttributes(name, attributes);
        return;
      }
      const contents =
        expected.source === undefined ? new Uint8Array() : await readImageFile(tree, expected.source);
      if (contents === undefined || sha256Of(contents) !== expected.sha256) {
        throw new FileProblem(path, "the image's own copy is damaged: see `ostree fsck`");
      }
      await folder.putFile(name, contents, attributes);
    }
  }
}

function withDefaults({ mode, uid = 0, gid = 0 }: Partial<Attributes>, other: number): Attributes {
  return { mode: mode ?? other, uid, gid };
}

/** A folder that is missing is as the image has it; below /var, as systemd-tmpfiles makes it. */
function makerFor(tree: ImageTree, plane: Drift['plane']): FolderMaker {
  return async (path) => {
    const source = `/usr${path}`;
    await using folder = plane === 'var' ? undefined : await HostFolder.open(tree.root, dirname(source));
    const there = folder && (await readLiveFile(folder, basename(source)));
    if (there?.type !== 'directory') return { mode: 0o755, uid: 0, gid: 0 };
    const { mode, uid, gid } = there;
    return { mode, uid, gid };
  };
}
