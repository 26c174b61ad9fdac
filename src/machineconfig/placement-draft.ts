import type { Group, Owner, TreeNode, User } from '../ignition/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { parentOf, resolveParents } from './base-path.ts';
import type { NodeFile, NodeOwner } from './node-files.ts';
import { nodeDirectory } from './node-files.ts';
import { NodeOwners } from './node-owners.ts';
import type { ImageNode, PlacedItem, Plane } from './plane.ts';
import type { Provenance, ProvenanceItem } from './provenance.ts';
import type { TmpfilesLine } from './tmpfiles.ts';

/** An item that no plane can hold, and why. */
export interface PlacementProblem {
  readonly item: string;
  readonly reason: string;
  readonly machineConfigs: readonly string[];
  /** Where the last of them has it. */
  readonly field: string | undefined;
}

/** An item about to be recorded: {@link PlacedItem} without what the draft looks up itself. */
export interface ItemNote {
  readonly item: string;
  readonly origin: ProvenanceItem;
  readonly plane: Plane;
  readonly reason: string;
  readonly target?: string;
  readonly paths?: readonly string[];
}

/** What the configuration wants at one path of the node. */
export interface Claim {
  /** As in {@link PlacedItem}. */
  readonly item: string;
  readonly origin: ProvenanceItem;
  readonly isDirectory: boolean;
}

/** What {@link place} fills section by section before it becomes a Placement. */
export class PlacementDraft {
  readonly nodes: Map<string, ImageNode> = new Map();
  /** By path of the node, through the base's symlinks; what Varve itself writes is claimed by nobody. */
  readonly claims: Map<string, Claim> = new Map();
  readonly removals: Set<string> = new Set();
  readonly items: PlacedItem[] = [];
  readonly tmpfiles: TmpfilesLine[] = [];
  readonly problems: PlacementProblem[] = [];
  readonly warnings: string[] = [];
  readonly base: BaseFacts;
  readonly owners: NodeOwners;
  readonly #provenance: Provenance;
  readonly #declaredUsers: ReadonlyMap<string, number>;
  readonly #declaredGroups: ReadonlyMap<string, number>;

  constructor(
    base: BaseFacts,
    provenance: Provenance,
    declared: { users: readonly User[]; groups: readonly Group[] },
  ) {
    this.base = base;
    this.#provenance = provenance;
    this.owners = new NodeOwners(base, declared.users);
    this.#declaredUsers = new Map(
      declared.users.flatMap(({ name, uid }) => (uid === undefined ? [] : [[name, uid]])),
    );
    this.#declaredGroups = new Map(
      declared.groups.flatMap(({ name, gid }) => (gid === undefined ? [] : [[name, gid]])),
    );
  }

  note(note: ItemNote): void {
    this.items.push({ ...note, paths: note.paths ?? [], machineConfigs: this.#provenance.of(note.origin) });
  }

  refuse(item: string, origin: ProvenanceItem, reason: string): void {
    const machineConfigs = this.#provenance.of(origin);
    this.problems.push({ item, reason, machineConfigs, field: this.#provenance.field(origin) });
  }

  /** An item and whose it is, for the refusal of another one. */
  nameOf({ item, origin }: Claim): string {
    const last = this.#provenance.of(origin).at(-1);
    return `${item} of ${last === undefined ? 'the same configuration' : `MachineConfig ${JSON.stringify(last)}`}`;
  }

  warn(origin: ProvenanceItem, message: string): void {
    const last = this.#provenance.of(origin).at(-1);
    this.warnings.push(last === undefined ? message : `MachineConfig ${JSON.stringify(last)}: ${message}`);
  }

  /**
   * Adds a node to the image, through the base's symlinks.
   *
   * @returns its path there.
   */
  addNode(node: ImageNode): string {
    const resolved = resolveParents(this.base, node.path);
    // A loop of links in the base: nothing can be there, and the layer's own check says so.
    const path = resolved.ok ? resolved.path : node.path;
    this.nodes.set(path, { ...node, path });
    return path;
  }

  addNodeFile(file: NodeFile): readonly string[] {
    for (const line of file.lines) this.#addLine(line);
    return file.nodes.map((node) => this.addNode(node));
  }

  /**
   * Makes the directories between somebody's directory and a path of the node theirs: systemd-tmpfiles would make
   * them root's, and then refuse to go through them.
   */
  addOwnedParents(path: string): void {
    const above = this.owners.above(path);
    if (above === undefined) return;
    if (above.isHome) this.addNodeFile(nodeDirectory(above.path, {}, above.owner, 0o700));
    const between: string[] = [];
    for (let parent = parentOf(path); parent !== above.path; parent = parentOf(parent))
      between.unshift(parent);
    for (const parent of between) this.addNodeFile(nodeDirectory(parent, {}, above.owner));
  }

  /** Of two lines for one directory, systemd-tmpfiles would take the first; so there is one, which says what both say. */
  #addLine(line: TmpfilesLine): void {
    const at =
      line.type === 'd'
        ? this.tmpfiles.findIndex(({ type, path }) => type === 'd' && path === line.path)
        : -1;
    const twin = this.tmpfiles[at];
    if (twin === undefined) this.tmpfiles.push(line);
    else this.tmpfiles[at] = { ...twin, ...givenIn(line) };
  }

  /** The resolved path, or undefined after the item was refused. */
  resolve(node: TreeNode): string | undefined {
    const resolved = resolveParents(this.base, node.path);
    if (resolved.ok) return resolved.path;
    this.refuse(node.path, node.origin, resolved.reason);
    return undefined;
  }

  /**
   * Numeric owner for a file of the image, where only numbers count (host-contract §5.2 "owner"). Names are looked
   * up in the base's accounts, then in those that the configuration declares with a fixed id.
   */
  numericOwner(node: { user: Owner; group: Owner; path: string; origin: ProvenanceItem }): {
    uid: number;
    gid: number;
  } {
    const uid = node.user.name ? this.#lookUp('user', node.user.name, node) : (node.user.id ?? 0);
    const gid = node.group.name ? this.#lookUp('group', node.group.name, node) : (node.group.id ?? 0);
    return { uid, gid };
  }

  #lookUp(kind: 'user' | 'group', name: string, node: { path: string; origin: ProvenanceItem }): number {
    const id =
      kind === 'user'
        ? (this.base.users.get(name)?.uid ?? this.#declaredUsers.get(name))
        : (this.base.groups.get(name) ?? this.#declaredGroups.get(name));
    if (id !== undefined) return id;
    this.refuse(
      node.path,
      node.origin,
      `its ${kind} ${JSON.stringify(name)} is in neither the base image nor, with a fixed id, the configuration; ` +
        `name a ${kind} of the base, or declare it below passwd with its id`,
    );
    return 0;
  }
}

/** What a line sets on a directory that is there already, too: all but what a colon keeps for one that has to be made. */
function givenIn({ mode, user, group }: TmpfilesLine): Partial<TmpfilesLine> {
  const isGiven = (text: string | undefined): text is string => text?.startsWith(':') === false;
  return {
    ...(isGiven(mode) ? { mode } : {}),
    ...(isGiven(user) ? { user } : {}),
    ...(isGiven(group) ? { group } : {}),
  };
}

/** An owner for tmpfiles.d, where the node resolves names itself. */
export function nodeOwner(user: Owner, group: Owner): NodeOwner {
  return { user: ownerName(user) ?? '0', group: ownerName(group) ?? '0' };
}

/** One owner as tmpfiles.d takes it; undefined where the configuration names none. */
export function ownerName(owner: Owner): string | undefined {
  return owner.name ? owner.name : owner.id?.toString();
}
