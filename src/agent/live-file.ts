import { createHash } from 'node:crypto';
import type { HostFolder } from './host-folder.ts';

/** What is at a path of the host now. */
export type LiveFile =
  | { readonly type: 'missing' }
  | {
      readonly type: 'file';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly size: number;
      /** Changes with whatever is done to it; nobody can set it back. */
      readonly stamp: string;
    }
  | {
      readonly type: 'directory' | 'other';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'symlink'; readonly target: string; readonly uid: number; readonly gid: number };

/** Looks at a name of a folder, without following it. */
export async function readLiveFile(folder: HostFolder, name: string): Promise<LiveFile> {
  const found = await folder.stat(name);
  if (found === undefined) return { type: 'missing' };
  const mode = Number(found.mode & 0o7777n);
  const uid = Number(found.uid);
  const gid = Number(found.gid);
  if (found.isSymbolicLink()) return { type: 'symlink', target: await folder.readLink(name), uid, gid };
  if (found.isDirectory()) return { type: 'directory', mode, uid, gid };
  if (!found.isFile()) return { type: 'other', mode, uid, gid };
  const { dev, ino, size, ctimeNs } = found;
  return { type: 'file', mode, uid, gid, size: Number(size), stamp: `${dev} ${ino} ${size} ${ctimeNs}` };
}

/** The hash of a regular file's content; undefined when it is none, any longer. */
export async function sha256OfFile(folder: HostFolder, name: string): Promise<string | undefined> {
  const file = await folder.openFile(name);
  if (file === undefined) return undefined;
  try {
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}
