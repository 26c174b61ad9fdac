import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Accounts } from './accounts.ts';
import { configurationFiles } from './configuration-files.ts';
import { copyTree, entriesOf, linkOf, own, removeTree, statOf } from './files.ts';
import { pathsMatching } from './glob-paths.ts';
import { followedBelow, isUnsafeWay, pathBelow } from './root-path.ts';
import { isPattern, TmpfilesPlan } from './tmpfiles-plan.ts';
import { parseTmpfilesLine, type Specifier, type TmpfilesItem } from './tmpfiles-line.ts';

/** The bits of a mode that say of which type a path is (inode(7)). */
const { S_IFMT } = constants;

/**
 * What `systemd-tmpfiles --create --remove --boot` makes of a machine at its boot. Lines for fifos, devices, attributes and
 * ages are passed over.
 *
 * @returns what went wrong, a line each; the other lines are done all the same
 */
export function applyTmpfiles(root: string, specifier: Specifier): readonly string[] {
  return new Tmpfiles(root, specifier).apply();
}

class Tmpfiles {
  readonly #root: string;
  readonly #accounts: Accounts;
  readonly #plan: TmpfilesPlan;
  readonly #complaints: string[] = [];

  constructor(root: string, specifier: Specifier) {
    this.#root = root;
    this.#accounts = new Accounts(root);
    const lines = configurationFiles(root, 'tmpfiles.d').flatMap((file) =>
      readFileSync(file, 'utf8').split('\n'),
    );
    const items = lines.flatMap((line) => parseTmpfilesLine(line, specifier) ?? []);
    // A copy of nothing is as good as no line.
    this.#plan = new TmpfilesPlan(
      items.filter((item) => item.type !== 'C' || this.#source(item) !== undefined),
    );
  }

  apply(): readonly string[] {
    for (const item of this.#plan.removals()) {
      this.#attempt(item, () => (item.type === 'D' ? this.#empty(item) : this.#remove(item)));
    }
    for (const item of this.#plan.creations()) {
      this.#attempt(item, () => (isPattern(item) ? this.#change(item) : this.#create(item)));
    }
    return this.#complaints;
  }

  #attempt(item: TmpfilesItem, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#complaints.push(`${item.path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #empty({ path }: TmpfilesItem): void {
    const at = followedBelow(this.#root, path);
    if (at === undefined) return;
    for (const { name } of entriesOf(at)) removeTree(join(at, name));
  }

  #remove(item: TmpfilesItem): void {
    for (const found of pathsMatching(this.#root, item.path)) {
      this.#attempt(item, () => {
        if (item.type === 'R') removeTree(found);
        else if (statOf(found)?.isDirectory() === true) rmdirSync(found);
        else unlinkSync(found);
      });
    }
  }

  #create(item: TmpfilesItem): void {
    const at = this.#place(item.path);
    if (item.replaceType && !isOfType(item.type, statOf(at))) removeTree(at);
    switch (item.type) {
      case 'f':
      case 'F':
        this.#createFile(item, at);
        return;
      case 'd':
      case 'D':
      case 'v':
      case 'q':
      case 'Q': {
        const there = statOf(at);
        if (there !== undefined && !there.isDirectory()) throw new Error('it exists and is not a directory');
        if (there === undefined) mkdirSync(at);
        this.#give(item, at, there === undefined, 0o755);
        return;
      }
      case 'L':
        this.#link(item, at);
        return;
      case 'C':
        this.#copy(item, at);
    }
  }

  #createFile(item: TmpfilesItem, at: string): void {
    const there = statOf(at);
    if (there !== undefined && !there.isFile()) throw new Error('it exists and is not a regular file');
    if (there === undefined || item.force || item.type === 'F') {
      writeFileSync(at, item.argument ?? '');
    }
    this.#give(item, at, there === undefined, 0o644);
  }

  #link(item: TmpfilesItem, at: string): void {
    const target = item.argument?.toString('utf8') ?? join('/usr/share/factory', item.path);
    const there = statOf(at);
    if (there !== undefined && linkOf(at) !== target) {
      if (!item.force) return;
      removeTree(at);
    }
    const isNew = statOf(at) === undefined;
    if (isNew) symlinkSync(target, at);
    this.#give({ ...item, mode: undefined }, at, isNew, undefined);
  }

  #copy(item: TmpfilesItem, at: string): void {
    const from = this.#source(item);
    const source = from === undefined ? undefined : statOf(from);
    if (from === undefined || source === undefined) return;
    const there = statOf(at);
    // What is of another type is somebody else's.
    if (there !== undefined && (there.mode & S_IFMT) !== (source.mode & S_IFMT)) return;
    if (item.force && there?.isDirectory() === true) this.#merge(item, from, at);
    else if (there === undefined || (there.isDirectory() && entriesOf(at).length === 0)) {
      if (there !== undefined) rmdirSync(at);
      copyTree(from, at);
      this.#ownAll(item, at);
    }
    this.#give(item, at, there === undefined, undefined);
  }

  #merge(item: TmpfilesItem, from: string, to: string): void {
    for (const { name } of entriesOf(from)) {
      const there = statOf(join(to, name));
      if (there === undefined) {
        copyTree(join(from, name), join(to, name));
        this.#ownAll(item, join(to, name));
      } else if (there.isDirectory() && statOf(join(from, name))?.isDirectory() === true) {
        this.#merge(item, join(from, name), join(to, name));
      }
    }
  }

  /** A copy has the owners of what it is a copy of, unless the line names one for all of it. */
  #ownAll(item: TmpfilesItem, at: string): void {
    this.#give({ ...item, mode: undefined }, at, true, undefined);
    if (statOf(at)?.isDirectory() !== true) return;
    for (const { name } of entriesOf(at)) this.#ownAll(item, join(at, name));
  }

  /** What is copied; undefined where there is nothing. */
  #source({ argument, path }: TmpfilesItem): string | undefined {
    const from = followedBelow(this.#root, argument?.toString('utf8') ?? join('/usr/share/factory', path));
    return from === undefined || statOf(from) === undefined ? undefined : from;
  }

  #change(item: TmpfilesItem): void {
    for (const found of pathsMatching(this.#root, item.path)) {
      this.#attempt(item, () => this.#changeOne(item, found));
    }
  }

  #changeOne(item: TmpfilesItem, found: string): void {
    const stats = statOf(found);
    // What is written to may be somebody else's, as long as its folder is not.
    const way = found.slice(this.#root.length);
    if (stats === undefined || isUnsafeWay(this.#root, item.type === 'w' ? `${dirname(way)}/.` : way)) return;
    if (item.type === 'w') {
      if (!stats.isFile()) return;
      if (item.force) appendFileSync(found, item.argument ?? '');
      else overwrite(found, item.argument ?? Buffer.alloc(0));
      this.#give(item, found, false, undefined);
    } else if (item.type === 'z' || (item.type === 'e' && stats.isDirectory())) {
      this.#give(item, found, false, undefined);
    } else if (item.type === 'Z') {
      this.#giveAll(item, found);
    }
  }

  #giveAll(item: TmpfilesItem, at: string): void {
    this.#give(item, at, false, undefined);
    if (statOf(at)?.isDirectory() !== true) return;
    for (const { name } of entriesOf(at)) this.#giveAll(item, join(at, name));
  }

  /** Where a path is, with the folders that are missing on its way made; through a link to nowhere no way leads. */
  #place(path: string): string {
    const parents = path.split('/').slice(1, -1);
    for (let depth = 1; depth <= parents.length; depth += 1) {
      const folder = `/${parents.slice(0, depth).join('/')}`;
      const at = pathBelow(this.#root, folder);
      if (at !== undefined && statOf(at) === undefined) mkdirSync(at, { mode: 0o755 });
      const followed = followedBelow(this.#root, folder);
      if (followed === undefined || statOf(followed)?.isDirectory() !== true) {
        throw new Error(`${folder} is not a directory`);
      }
    }
    const at = pathBelow(this.#root, path);
    if (at === undefined) throw new Error('its links lead in a circle');
    if (isUnsafeWay(this.#root, `${dirname(path)}/.`)) throw new Error('the way to it is unsafe');
    return at;
  }

  /** Mode and owner, where the line says one; `usual` is the mode of what was made just now. */
  #give(item: TmpfilesItem, at: string, isNew: boolean, usual: number | undefined): void {
    const stats = statOf(at);
    if (stats === undefined) return;
    const uid = this.#id(item.user, (name) => this.#accounts.user(name), 'user');
    const gid = this.#id(item.group, (name) => this.#accounts.group(name), 'group');
    const owner = uid === undefined || (item.userOnCreation && !isNew) ? stats.uid : uid;
    const group = gid === undefined || (item.groupOnCreation && !isNew) ? stats.gid : gid;
    if (owner !== stats.uid || group !== stats.gid) own(at, owner, group);
    const mode = modeFor(item, stats, isNew) ?? (isNew ? usual : undefined);
    if (mode !== undefined && !stats.isSymbolicLink()) chmodSync(at, mode);
  }

  #id(
    name: string | undefined,
    lookUp: (name: string) => number | undefined,
    what: string,
  ): number | undefined {
    if (name === undefined) return undefined;
    const id = lookUp(name);
    if (id === undefined) throw new Error(`there is no ${what} ${name}`);
    return id;
  }
}

/** What is longer keeps its end: such lines are for files of the kernel's, which have none. */
function overwrite(path: string, contents: Buffer): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, contents, 0, contents.length, 0);
  } finally {
    closeSync(file);
  }
}

function modeFor(item: TmpfilesItem, stats: Stats, isNew: boolean): number | undefined {
  if (item.mode === undefined || (!isNew && item.modeOnCreation)) return undefined;
  if (!item.maskMode) return item.mode;
  const current = stats.mode & 0o7777;
  let mode = item.mode;
  if ((current & 0o111) === 0) mode &= ~0o111;
  if ((current & 0o222) === 0) mode &= ~0o222;
  if ((current & 0o444) === 0) mode &= ~0o444;
  if (!stats.isDirectory()) mode &= ~0o7000;
  return mode;
}

function isOfType(type: string, stats: Stats | undefined): boolean {
  if (stats === undefined) return true;
  if (type === 'f' || type === 'F') return stats.isFile();
  if (type === 'L') return stats.isSymbolicLink();
  return type === 'C' || stats.isDirectory();
}
