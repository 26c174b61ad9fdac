import type { TmpfilesItem } from './tmpfiles-line.ts';

/** Types whose path is a pattern: they change what is there, after the others have made what there is to be. */
const PATTERNS = 'werRzZ';
/** Types that say what a path is; of two such lines for one path that differ, the first counts. */
const OWNERS = 'fFdDvqQLCwerR';

export function isPattern({ type }: TmpfilesItem): boolean {
  return PATTERNS.includes(type);
}

/** The lines for one path. */
interface Group {
  readonly path: string;
  readonly items: TmpfilesItem[];
}

/**
 * In which order lines take effect, as systemd-tmpfiles has it: in their own, those of patterns last; but a line for a folder comes
 * before those for what is in it where something is made, and after them where something is removed.
 */
export class TmpfilesPlan {
  readonly #fixed = new Map<string, Group>();
  readonly #patterns = new Map<string, Group>();

  constructor(items: readonly TmpfilesItem[]) {
    for (const item of items) this.#add(item);
    for (const { items: lines } of this.#groups) lines.sort(ownersFirst);
  }

  /** The lines that make or change something. */
  *creations(): Generator<TmpfilesItem> {
    const done = new Set<Group>();
    for (const group of this.#groups) yield* this.#withParents(group, done);
  }

  /** The lines that remove something. */
  *removals(): Generator<TmpfilesItem> {
    const done = new Set<Group>();
    const children = new Map<Group, Group[]>();
    for (const group of this.#groups) {
      const parent = this.#parentOf(group);
      if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), group]);
    }
    for (const group of this.#groups) {
      for (const item of withChildren(group, children, done)) if ('DrR'.includes(item.type)) yield item;
    }
  }

  get #groups(): readonly Group[] {
    return [...this.#fixed.values(), ...this.#patterns.values()];
  }

  #add(item: TmpfilesItem): void {
    const groups = isPattern(item) ? this.#patterns : this.#fixed;
    const group = groups.get(item.path) ?? { path: item.path, items: [] };
    groups.set(item.path, group);
    if (group.items.some((other) => contradict(other, item))) return;
    group.items.push(item);
  }

  /** The nearest one that is for a folder that this one's path is in. */
  #parentOf({ path }: Group): Group | undefined {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at);
      const found = this.#fixed.get(folder) ?? this.#patterns.get(folder);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *#withParents(group: Group, done: Set<Group>): Generator<TmpfilesItem> {
    if (done.has(group)) return;
    const parent = this.#parentOf(group);
    if (parent !== undefined) yield* this.#withParents(parent, done);
    done.add(group);
    yield* group.items;
  }
}

function* withChildren(
  group: Group,
  children: ReadonlyMap<Group, readonly Group[]>,
  done: Set<Group>,
): Generator<TmpfilesItem> {
  if (done.has(group)) return;
  done.add(group);
  for (const child of children.get(group) ?? []) yield* withChildren(child, children, done);
  yield* group.items;
}

/** What a path is comes before what is done with it. */
function ownersFirst(one: TmpfilesItem, other: TmpfilesItem): number {
  const [a, b] = [OWNERS.includes(one.type), OWNERS.includes(other.type)];
  if (a !== b) return a ? -1 : 1;
  return one.type < other.type ? -1 : one.type > other.type ? 1 : 0;
}

/** Two lines that each say what a path is, not the same. */
function contradict(one: TmpfilesItem, other: TmpfilesItem): boolean {
  if (!OWNERS.includes(one.type) || !OWNERS.includes(other.type)) return false;
  // Several may each add something to a file.
  if (one.type === 'w' && other.type === 'w' && other.force) return false;
  const said = ({ mode, user, group, argument }: TmpfilesItem): string =>
    JSON.stringify([mode, user, group, argument?.toString('base64')]);
  return said(one) !== said(other);
}
