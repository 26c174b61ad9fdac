import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hash } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { entriesOf, own, removeTree, replaceFile, statOf, textOf } from './files.ts';
import { ordered, type Tree, type TreeNode } from './tree.ts';

/** A tree with what is known of where it is from. */
export interface Commit {
  readonly checksum: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tree: Tree;
}

type StoredTree = readonly (readonly [string, TreeNode])[];

/**
 * The repository of a machine's trees: files by what they hold, which deployments share by hard links, and commits and refs
 * beside them. What it is kept as is its own affair; what ostree's verbs show of it is ostree's.
 */
export class Repository {
  readonly folder: string;
  #drafts = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Keeps a file; the same file with the same owner and mode is kept once. */
  addFile(contents: Uint8Array, attributes: FileAttributes): TreeNode {
    const { mode, uid, gid, xattrs = [] } = attributes;
    const kept = JSON.stringify([hash('sha256', contents), mode, uid, gid, xattrs]);
    const object = hash('sha256', kept);
    const path = this.#objectPath(object);
    if (statOf(path) === undefined) {
      this.#drafts += 1;
      const draft = join(this.folder, 'tmp', `${process.pid}-${this.#drafts}`);
      mkdirSync(dirname(draft), { recursive: true });
      writeFileSync(draft, contents);
      own(draft, uid, gid);
      chmodSync(draft, mode);
      mkdirSync(dirname(path), { recursive: true });
      renameSync(draft, path);
    }
    return { kind: 'file', mode, uid, gid, object, size: contents.length };
  }

  contents(object: string): Buffer {
    return readFileSync(this.#objectPath(object));
  }

  /** Keeps a tree. Nothing of when or where it was made is in its checksum. */
  commit(tree: Tree, metadata: Readonly<Record<string, string>> = {}): string {
    const listing = JSON.stringify([...ordered(tree)] satisfies StoredTree);
    const text = JSON.stringify(metadata);
    const checksum = hash('sha256', `${text}\n${listing}`);
    if (statOf(this.#commitPath(checksum)) === undefined) {
      replaceFile(this.#treePath(checksum), listing);
      // The commit is there with its metadata, which comes last.
      replaceFile(this.#commitPath(checksum), text);
    }
    return checksum;
  }

  /** The commit behind a checksum or ref; undefined when there is none. */
  read(revision: string): Commit | undefined {
    const checksum = this.resolve(revision);
    const metadata = this.metadata(revision);
    if (checksum === undefined || metadata === undefined) return undefined;
    const listing = JSON.parse(readFileSync(this.#treePath(checksum), 'utf8')) as StoredTree;
    return { checksum, metadata, tree: new Map(listing) };
  }

  /** What is known of a commit, without its tree. */
  metadata(revision: string): Readonly<Record<string, string>> | undefined {
    const checksum = this.resolve(revision);
    const text = checksum === undefined ? undefined : textOf(this.#commitPath(checksum));
    return text === undefined ? undefined : (JSON.parse(text) as Record<string, string>);
  }

  resolve(revision: string): string | undefined {
    if (/^[0-9a-f]{64}$/.test(revision)) return revision;
    return textOf(join(this.folder, 'refs', revision))?.trim();
  }

  setRef(ref: string, checksum: string): void {
    replaceFile(join(this.folder, 'refs', ref), `${checksum}\n`);
  }

  deleteRef(ref: string): void {
    removeTree(join(this.folder, 'refs', ref));
  }

  /** All refs whose name begins with these components. */
  refs(prefix = ''): readonly string[] {
    const found: string[] = [];
    const walk = (folder: string): void => {
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) walk(path);
        else if (!entry.name.endsWith('.draft')) found.push(relative(join(this.folder, 'refs'), path));
      }
    };
    walk(join(this.folder, 'refs', prefix));
    return found;
  }

  /**
   * Makes a tree's files, links and folders in an empty folder: files are the repository's own.
   *
   * @throws Error for what is in no folder of the tree: an image could have a link to anywhere there, and this computer's files
   *   written through it
   */
  checkout(tree: Tree, folder: string): void {
    mkdirSync(folder, { recursive: true });
    const folders: (readonly [string, TreeNode])[] = [];
    for (const [path, node] of tree) {
      const parent = dirname(path);
      if (parent !== '.' && tree.get(parent)?.kind !== 'directory')
        throw new Error(`Can't make ${path}: ${parent} is not a directory`);
      const at = join(folder, path);
      if (node.kind === 'directory') {
        mkdirSync(at);
        folders.push([at, node]);
      } else if (node.kind === 'symlink') {
        symlinkSync(node.target, at);
        own(at, node.uid, node.gid);
      } else {
        linkSync(this.#objectPath(node.object), at);
      }
    }
    for (const [at, node] of folders.toReversed()) {
      own(at, node.uid, node.gid);
      if (node.kind === 'directory') chmodSync(at, node.mode);
    }
  }

  /** Removes commits that neither a ref nor one of these needs, and files that no commit has; answers how many files. */
  prune(kept: ReadonlySet<string>): number {
    const needed = new Set([...kept, ...this.refs().flatMap((ref) => this.resolve(ref) ?? [])]);
    const objects = new Set<string>();
    for (const { name } of entriesOf(join(this.folder, 'commits'))) {
      const [checksum = '', ending] = name.split('.');
      if (!needed.has(checksum)) removeTree(join(this.folder, 'commits', name));
      else if (ending === 'json')
        for (const node of this.read(checksum)?.tree.values() ?? [])
          if (node.kind === 'file') objects.add(node.object);
    }
    let removed = 0;
    for (const { name: first } of entriesOf(join(this.folder, 'objects'))) {
      for (const { name } of entriesOf(join(this.folder, 'objects', first))) {
        if (objects.has(`${first}${name.replace(/\.file$/, '')}`)) continue;
        removeTree(join(this.folder, 'objects', first, name));
        removed += 1;
      }
    }
    removeTree(join(this.folder, 'tmp'));
    return removed;
  }

  /** Bytes that its files take. */
  get size(): number {
    let size = 0;
    for (const { name: first } of entriesOf(join(this.folder, 'objects'))) {
      for (const { name } of entriesOf(join(this.folder, 'objects', first))) {
        size += statOf(join(this.folder, 'objects', first, name))?.size ?? 0;
      }
    }
    return size;
  }

  #objectPath(object: string): string {
    return join(this.folder, 'objects', object.slice(0, 2), `${object.slice(2)}.file`);
  }

  #commitPath(checksum: string): string {
    return join(this.folder, 'commits', `${checksum}.json`);
  }

  #treePath(checksum: string): string {
    return join(this.folder, 'commits', `${checksum}.tree`);
  }
}

export interface FileAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** By full name; a machine here keeps them in its repository and not on its files. */
  readonly xattrs?: readonly (readonly [name: string, value: string])[];
}
