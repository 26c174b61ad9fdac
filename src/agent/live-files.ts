import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path/posix';
import { type FolderMaker, HostFolder } from './host-folder.ts';
import { readLiveFile, sha256OfFile } from './live-file.ts';
import type { LiveFiles } from './live-record.ts';

/** A change of the /etc of a running host to what an image has. */
export interface EtcChange {
  /** Where this process sees the host's root. */
  readonly root: string;
  /** The image's tree as this process sees it; what it has below /usr/etc is what is wanted. */
  readonly tree: string;
  /** Path by path, what may be there without being a person's. */
  readonly files: LiveFiles;
  /** Whether what is a person's is replaced too. */
  readonly heal: boolean;
}

/** What came of it. */
export interface EtcOutcome {
  readonly written: readonly string[];
  /** Changed on the node by somebody, and left to them. */
  readonly left: readonly string[];
}

/**
 * Brings paths below /etc to the very bytes, mode and owner that an image has there, each at once or not at all; what the image
 * does not have is removed. It may be killed anywhere and done again.
 *
 * @throws {FileProblem} where something stands in the way, or what the file system says
 */
export async function changeEtc({ root, tree, files, heal }: EtcChange): Promise<EtcOutcome> {
  const written: string[] = [];
  const left: string[] = [];
  const paths = Object.keys(files).sort();
  for (const folder of new Set(paths.map(dirname))) {
    await using open = await HostFolder.open(root, folder);
    await open?.removeUnfinished();
  }
  const wanted = new Map<string, string>();
  for (const path of paths) wanted.set(path, await signatureAt(tree, `/usr${path}`));
  const isDue = async (path: string): Promise<boolean> => {
    const now = await signatureAt(root, path);
    if (now === wanted.get(path)) return false;
    if (heal || files[path]?.includes(now) === true) return true;
    left.push(path);
    return false;
  };
  for (const path of paths.filter((one) => wanted.get(one) !== MISSING)) {
    if (!(await isDue(path))) continue;
    await copy(root, tree, path);
    written.push(path);
  }
  // What is in a folder goes before it does.
  for (const path of paths.filter((one) => wanted.get(one) === MISSING).reverse()) {
    if ((await isDue(path)) && (await remove(root, path))) written.push(path);
  }
  return { written, left };
}

/** What is at a path that has nothing. */
const MISSING = 'missing';

/** Tells what is at a path from everything else that could be there: type, mode, owner, content. A short hash. */
export async function signatureAt(root: string, path: string): Promise<string> {
  await using folder = await HostFolder.open(root, dirname(path));
  if (folder === undefined) return MISSING;
  const name = basename(path);
  const there = await readLiveFile(folder, name);
  switch (there.type) {
    case 'missing':
      return MISSING;
    case 'file':
      return sign([there.type, there.mode, there.uid, there.gid, (await sha256OfFile(folder, name)) ?? '']);
    case 'symlink':
      return sign([there.type, there.uid, there.gid, there.target]);
    case 'directory':
    case 'other':
      return sign([there.type, there.mode, there.uid, there.gid]);
  }
}

function sign(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}

async function copy(root: string, tree: string, path: string): Promise<void> {
  const source = `/usr${path}`;
  const name = basename(path);
  await using from = await HostFolder.open(tree, dirname(source));
  await using to = await HostFolder.open(root, dirname(path), makerFrom(tree));
  const wanted = from === undefined ? undefined : await readLiveFile(from, name);
  if (from === undefined || to === undefined || wanted === undefined) return;
  switch (wanted.type) {
    case 'file': {
      const file = await from.openFile(name);
      if (file === undefined) return;
      try {
        await to.putFile(name, await file.readFile(), wanted);
      } finally {
        await file.close();
      }
      return;
    }
    case 'symlink':
      await to.putLink(name, wanted.target, wanted);
      return;
    case 'directory':
      await to.putFolder(name, wanted);
      return;
    case 'missing':
    case 'other':
  }
}

async function remove(root: string, path: string): Promise<boolean> {
  await using folder = await HostFolder.open(root, dirname(path));
  if (folder === undefined) return false;
  const name = basename(path);
  const there = await readLiveFile(folder, name);
  // What somebody else put into a folder stays, and the folder with it: ostree's merge would keep both.
  if (there.type === 'directory') return await folder.removeFolder(name);
  await folder.remove(name);
  return true;
}

/** A folder that is missing on the way is as the image has it. */
function makerFrom(tree: string): FolderMaker {
  return async (path) => {
    await using folder = await HostFolder.open(tree, dirname(`/usr${path}`));
    const there = folder && (await readLiveFile(folder, basename(path)));
    if (there?.type !== 'directory') return { mode: 0o755, uid: 0, gid: 0 };
    const { mode, uid, gid } = there;
    return { mode, uid, gid };
  };
}
