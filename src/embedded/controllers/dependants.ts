/** An owner that something refers to, whether it is there or not. */
interface Owner {
  readonly uid: string;
  readonly dependants: Set<string>;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Which objects have owners, by the owners' uids. Only that is kept: what else is to be known of an object is read from the
 * store when it is needed, so that many objects cost little memory and nothing is decided on what was so once.
 */
export class Dependants {
  readonly #owners = new Map<string, Owner>();
  readonly #ownersOf = new Map<string, readonly Owner[]>();

  clear(): void {
    this.#owners.clear();
    this.#ownersOf.clear();
  }

  /** All objects that have owners. */
  ids(): Iterable<string> {
    return this.#ownersOf.keys();
  }

  has(id: string): boolean {
    return this.#ownersOf.has(id);
  }

  /** The uids of an object's owners. */
  ownersOf(id: string): readonly string[] {
    return this.#ownersOf.get(id)?.map(({ uid }) => uid) ?? [];
  }

  /** The objects that an owner has. */
  of(uid: string): ReadonlySet<string> {
    return this.#owners.get(uid)?.dependants ?? NONE;
  }

  /** Notes the owners of an object. @returns whether they are others than before */
  set(id: string, uids: readonly string[]): boolean {
    const before = this.#ownersOf.get(id) ?? [];
    const isSame = before.length === uids.length && before.every(({ uid }, index) => uid === uids[index]);
    if (isSame) return false;
    for (const { uid, dependants } of before) {
      dependants.delete(id);
      if (dependants.size === 0) this.#owners.delete(uid);
    }
    if (uids.length === 0) this.#ownersOf.delete(id);
    else
      this.#ownersOf.set(
        id,
        uids.map((uid) => this.#own(uid, id)),
      );
    return true;
  }

  #own(uid: string, id: string): Owner {
    const owner = this.#owners.get(uid) ?? { uid, dependants: new Set() };
    owner.dependants.add(id);
    this.#owners.set(uid, owner);
    return owner;
  }
}
