import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import {
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { codeOf, FileProblem } from './file-problem.ts';

/** Links that are followed on the way to one folder; more are a circle. */
const MOST_LINKS = 40;

/** What is written before it takes its name, and what a process that was killed meanwhile left. */
const UNFINISHED = /^\.varve-[0-9a-f]{16}\.new$/;

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Mode and owner, in numbers. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const ROOT = { uid: 0, gid: 0 } as const;

/** Makes a folder that is missing on the way: its attributes by its path. */
export type FolderMaker = (path: string) => Attributes | Promise<Attributes>;

/**
 * A folder of the host, held open: what is done in it is done there, whatever its path leads to meanwhile. The way to it
 * follows symbolic links as the host itself would, never out of the host's root, and from a folder of somebody else's only
 * to what is theirs: who owns a home must not be able to have root write elsewhere (as systemd-tmpfiles).
 */
export class HostFolder implements AsyncDisposable {
  /** As the host names it. */
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /**
   * Opens the folder at an absolute path of the host. Undefined when it, or one on the way, is not there and `make` is not
   * given.
   *
   * @param root where this process sees the host's root
   * @throws {FileProblem} when something else stands on the way
   */
  static async open(root: string, path: string, make?: FolderMaker): Promise<HostFolder | undefined> {
    const walk = new Walk(root, path, make);
    try {
      return (await walk.reach()) ? walk.take((handle) => new HostFolder(path, handle)) : undefined;
    } finally {
      await walk.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  /** A path of this process's that leads to it while it is open. */
  get openPath(): string {
    return `/proc/self/fd/${this.#handle.fd}`;
  }

  /** Tells it from every other folder, whatever they are called. */
  async id(): Promise<string> {
    const { dev, ino } = await this.#handle.stat({ bigint: true });
    return `${dev}:${ino}`;
  }

  /** What is there under a name, a link itself; undefined when nothing is. */
  stat(name: string): Promise<BigIntStats | undefined> {
    return statIn(this.#handle, name);
  }

  names(): Promise<readonly string[]> {
    return readdir(inside(this.#handle, '.'));
  }

  readLink(name: string): Promise<string> {
    return readlink(inside(this.#handle, name));
  }

  /** Opens a regular file for reading. Of anything else, undefined. */
  async openFile(name: string): Promise<FileHandle | undefined> {
    // A pipe in its place would keep the reader waiting for ever.
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    let file: FileHandle;
    try {
      file = await open(inside(this.#handle, name), flags);
    } catch (error) {
      if (['ELOOP', 'ENOENT', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  }

  /** Puts a file in the place of whatever file or link has the name; at no moment is there a part of it. */
  async putFile(
    name: string,
    contents: Uint8Array,
    { mode, uid, gid }: Attributes,
    modified?: number,
  ): Promise<void> {
    await this.#put(name, async (unfinished) => {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await file.writeFile(contents);
        // The owner first: a change of owner takes setuid bits away.
        await file.chown(uid, gid);
        await file.chmod(mode);
        if (modified !== undefined) await file.utimes(modified, modified);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  async putLink(
    name: string,
    target: string,
    { uid, gid }: Pick<Attributes, 'uid' | 'gid'> = ROOT,
  ): Promise<void> {
    await this.#put(name, async (unfinished) => {
      await symlink(target, unfinished);
      await lchown(unfinished, uid, gid);
    });
  }

  /** Makes a folder, or gives one that is there the attributes. */
  async putFolder(name: string, attributes: Partial<Attributes>): Promise<void> {
    await makeFolder(this.#handle, name);
    await this.setAttributes(name, attributes);
    await this.#handle.sync();
  }

  /** Of a file or a folder; nothing else is touched. */
  async setAttributes(name: string, { mode, uid, gid }: Partial<Attributes>): Promise<void> {
    const file = await open(inside(this.#handle, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile() && !found.isDirectory()) return;
      const owner = { uid: uid ?? found.uid, gid: gid ?? found.gid };
      if (owner.uid !== found.uid || owner.gid !== found.gid) await file.chown(owner.uid, owner.gid);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Removes a file or a link. */
  async remove(name: string): Promise<void> {
    await unlink(inside(this.#handle, name));
    await this.#handle.sync();
  }

  /** Removes a folder with nothing in it; false when there is something in it. */
  async removeFolder(name: string): Promise<boolean> {
    try {
      await rmdir(inside(this.#handle, name));
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) return false;
      throw error;
    }
    await this.#handle.sync();
    return true;
  }

  /** Removes what writers left here that were killed. */
  async removeUnfinished(): Promise<void> {
    for (const name of await this.names()) {
      if (UNFINISHED.test(name)) await unlink(inside(this.#handle, name)).catch(() => {});
    }
  }

  async #put(name: string, write: (unfinished: string) => Promise<void>): Promise<void> {
    const unfinished = inside(this.#handle, `.varve-${randomBytes(8).toString('hex')}.new`);
    try {
      await write(unfinished);
      const there = await this.stat(name);
      if (there?.isDirectory() === true) await rmdir(inside(this.#handle, name));
      await rename(unfinished, inside(this.#handle, name));
    } catch (error) {
      await unlink(unfinished).catch(() => {});
      throw error;
    }
    await this.#handle.sync();
  }
}

/** The way from the host's root to a folder, each step held open. */
class Walk {
  readonly #root: string;
  readonly #path: string;
  readonly #make: FolderMaker | undefined;
  #handles: { readonly handle: FileHandle; readonly uid: bigint; readonly path: string }[] = [];
  /** Whose the last folder or link on the way was. */
  #from = 0n;

  constructor(root: string, path: string, make: FolderMaker | undefined) {
    this.#root = root;
    this.#path = path;
    this.#make = make;
  }

  /** Whether the folder is there. */
  async reach(): Promise<boolean> {
    const top = await open(this.#root === '' ? '/' : this.#root, O_RDONLY | O_DIRECTORY);
    this.#enter(top, (await top.stat({ bigint: true })).uid, '');
    const names = namesOf(this.#path);
    let links = 0;
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === '..') {
        if (this.#handles.length > 1) await this.#handles.pop()?.handle.close();
        this.#refuseUnsafe();
        continue;
      }
      const target = await this.#step(name);
      if (target === undefined) return false;
      if (target === '') continue;
      links += 1;
      if (links > MOST_LINKS)
        throw new FileProblem(this.#path, 'the symbolic links on the way to it are a circle');
      if (target.startsWith('/')) {
        for (const { handle } of this.#handles.splice(1)) await handle.close();
        this.#refuseUnsafe();
      }
      names.unshift(...namesOf(target));
    }
    return true;
  }

  /** Hands the folder that was reached over to whoever closes it. */
  take<T>(use: (handle: FileHandle) => T): T | undefined {
    const last = this.#handles.pop();
    return last && use(last.handle);
  }

  async close(): Promise<void> {
    for (const { handle } of this.#handles) await handle.close();
    this.#handles = [];
  }

  /** One step down: '' when it was made, the target of a link in its place, undefined when nothing is there. */
  async #step(name: string): Promise<string | undefined> {
    const at = this.#handles.at(-1);
    if (at === undefined) return undefined;
    const path = `${at.path}/${name}`;
    let there = await statIn(at.handle, name);
    if (there === undefined) {
      if (this.#make === undefined) return undefined;
      const attributes = await this.#make(path);
      await makeFolder(at.handle, name);
      there = await statIn(at.handle, name);
      if (there === undefined) return undefined;
      const made = await open(inside(at.handle, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        await made.chown(attributes.uid, attributes.gid);
        await made.chmod(attributes.mode);
        there = await made.stat({ bigint: true });
      } finally {
        await made.close();
      }
      await at.handle.sync();
    }
    this.#pass(there.uid, path);
    if (there.isSymbolicLink()) return readlink(inside(at.handle, name));
    if (!there.isDirectory()) throw new FileProblem(this.#path, `${path} is no directory`);
    const handle = await open(inside(at.handle, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    this.#enter(handle, there.uid, path);
    return '';
  }

  #enter(handle: FileHandle, uid: bigint, path: string): void {
    this.#handles.push({ handle, uid, path });
    this.#from = uid;
  }

  /** A link leads out of somebody's folder as well. */
  #refuseUnsafe(): void {
    const at = this.#handles.at(-1);
    if (at !== undefined) this.#pass(at.uid, at.path === '' ? '/' : at.path);
  }

  #pass(uid: bigint, path: string): void {
    if (this.#from !== 0n && uid !== this.#from) {
      throw new FileProblem(
        this.#path,
        `the way to it leads from what belongs to user ${this.#from} to ${path}, which does not: nothing is done there as root`,
      );
    }
    this.#from = uid;
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Node has no openat: the kernel's link to an open folder is as good. */
function inside(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

async function statIn(folder: FileHandle, name: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(inside(folder, name), { bigint: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function makeFolder(folder: FileHandle, name: string): Promise<void> {
  try {
    await mkdir(inside(folder, name), { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
