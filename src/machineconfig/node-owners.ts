import type { User } from '../ignition/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { parentOf } from './base-path.ts';
import { isNodePath, resolveHome } from './node-files.ts';
import type { NodeOwner } from './node-files.ts';

/** A directory of the node that belongs to somebody else than root. */
export interface OwnedDirectory {
  readonly path: string;
  readonly owner: NodeOwner;
  /** A home: made with 0700 where it is missing. */
  readonly isHome: boolean;
}

/** The first uid that is not a system account's. */
const FIRST_PERSON = 1000;

/**
 * Who owns which directories of the node below /var. systemd-tmpfiles refuses to go through a directory of root that
 * lies in one of somebody else ("unsafe path transition"), so what lies below such a directory must be that owner's.
 */
export class NodeOwners {
  readonly #owned: Map<string, OwnedDirectory> = new Map();

  constructor(base: BaseFacts, users: readonly User[]) {
    for (const [name, { uid, gid, home }] of base.users) {
      // Homes of system accounts are /, /var/empty or what a package owns; systemd's accounts of people begin here.
      if (uid >= FIRST_PERSON) this.#addHome(base, home, { user: name, group: String(gid) });
    }
    for (const { name, homeDir, primaryGroup, shouldExist } of users) {
      if (shouldExist === false || base.users.has(name)) continue;
      this.#addHome(base, homeDir ?? `/home/${name}`, { user: name, group: primaryGroup ?? name });
    }
  }

  /** Notes a directory that the configuration gives to somebody. */
  add(path: string, owner: NodeOwner): void {
    if (!isRoot(owner.user)) this.#owned.set(path, { path, owner, isHome: false });
  }

  /** The directory at a path, when it is not root's. */
  at(path: string): OwnedDirectory | undefined {
    return this.#owned.get(path);
  }

  /** The nearest directory above a path that is not root's. */
  above(path: string): OwnedDirectory | undefined {
    for (let parent = parentOf(path); parent !== '/'; parent = parentOf(parent)) {
      const owned = this.#owned.get(parent);
      if (owned !== undefined) return owned;
    }
    return undefined;
  }

  #addHome(base: BaseFacts, home: string, owner: NodeOwner): void {
    const path = resolveHome(base, home);
    if (isNodePath(path)) this.#owned.set(path, { path, owner, isHome: true });
  }
}

/** Whether an owner in tmpfiles.d's syntax is root. */
export function isRoot(user: string): boolean {
  return user === 'root' || user === '0';
}
