import type { Owner, TreeNode } from '../ignition/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { resolveParents } from './base-path.ts';
import type { NodeFile, NodeOwner } from './node-files.ts';
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

/** What {@link place} fills section by section before it becomes a Placement. */
export class PlacementDraft {
  readonly nodes: Map<string, ImageNode> = new Map();
  readonly removals: Set<string> = new Set();
  readonly items: PlacedItem[] = [];
  readonly tmpfiles: TmpfilesLine[] = [];
  readonly problems: PlacementProblem[] = [];
  readonly warnings: string[] = [];
  readonly base: BaseFacts;
  readonly #provenance: Provenance;
  readonly #declaredUsers: ReadonlyMap<string, number>;
  readonly #declaredGroups: ReadonlyMap<string, number>;

  constructor(
    base: BaseFacts,
    provenance: Provenance,
    declared: { users: ReadonlyMap<string, number>; groups: ReadonlyMap<string, number> },
  ) {
    this.base = base;
    this.#provenance = provenance;
    this.#declaredUsers = declared.users;
    this.#declaredGroups = declared.groups;
  }

  note(note: ItemNote): void {
    this.items.push({ ...note, paths: note.paths ?? [], machineConfigs: this.#provenance.of(note.origin) });
  }

  refuse(item: string, origin: ProvenanceItem, reason: string): void {
    const machineConfigs = this.#provenance.of(origin);
    this.problems.push({ item, reason, machineConfigs, field: this.#provenance.field(origin) });
  }

  warn(origin: ProvenanceItem, message: string): void {
    const last = this.#provenance.of(origin).at(-1);
    this.warnings.push(last === undefined ? message : `MachineConfig ${JSON.stringify(last)}: ${message}`);
  }

  addNode(node: ImageNode): void {
    this.nodes.set(node.path, node);
  }

  addNodeFile(file: NodeFile): readonly string[] {
    for (const node of file.nodes) this.addNode(node);
    this.tmpfiles.push(...file.lines);
    return file.nodes.map((node) => node.path);
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

/** An owner for tmpfiles.d, where the node resolves names itself. */
export function nodeOwner(user: Owner, group: Owner): NodeOwner {
  const one = (owner: Owner): string => (owner.name ? owner.name : String(owner.id ?? 0));
  return { user: one(user), group: one(group) };
}
