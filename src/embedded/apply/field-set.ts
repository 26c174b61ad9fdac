import { compareElements, type PathElement } from './path-element.ts';

/**
 * A set of paths into an object, as a tree: each node knows which of its steps are members themselves and what lies below
 * them. Sets are built with {@link FieldSet.insert}; everything else leaves them as they are, and results may share parts
 * with their operands, so nothing is inserted into a set that has been used.
 */
export class FieldSet {
  #members: Set<PathElement> | undefined;
  /** No child is empty. */
  #children: Map<PathElement, FieldSet> | undefined;

  static of(...paths: readonly (readonly PathElement[])[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** A set with these steps as members and these sets below steps; empty sets below are left out. */
  static from(
    members: Iterable<PathElement>,
    children: Iterable<readonly [PathElement, FieldSet]>,
  ): FieldSet {
    const set = new FieldSet();
    for (const member of members) (set.#members ??= new Set()).add(member);
    for (const [step, child] of children) set.#attach(step, child);
    return set;
  }

  /** Adds the path of the steps from `depth` on; the empty path, which no one can own, is not added. */
  insert(path: readonly PathElement[], depth = 0): void {
    const step = path[depth];
    if (step === undefined) return;
    if (depth === path.length - 1) {
      (this.#members ??= new Set()).add(step);
      return;
    }
    this.#children ??= new Map();
    let child = this.#children.get(step);
    if (child === undefined) this.#children.set(step, (child = new FieldSet()));
    child.insert(path, depth + 1);
  }

  get isEmpty(): boolean {
    return this.#members === undefined && this.#children === undefined;
  }

  /** Whether this step itself is a member. */
  has(step: PathElement): boolean {
    return this.#members?.has(step) === true;
  }

  /** What lies below a step. */
  below(step: PathElement): FieldSet | undefined {
    return this.#children?.get(step);
  }

  get members(): Iterable<PathElement> {
    return this.#members ?? [];
  }

  get children(): Iterable<readonly [PathElement, FieldSet]> {
    return this.#children ?? [];
  }

  /** The paths of both; this set itself where the other adds nothing. */
  union(other: FieldSet): FieldSet {
    if (this.isEmpty) return other;
    let members = this.#members;
    for (const step of other.members) {
      if (members?.has(step) === true) continue;
      if (members === this.#members) members = new Set(members);
      members?.add(step);
    }
    let children = this.#children;
    for (const [step, theirs] of other.children) {
      const ours = children?.get(step);
      const both = ours === undefined ? theirs : ours.union(theirs);
      if (both === ours) continue;
      if (children === this.#children) children = new Map(children);
      children?.set(step, both);
    }
    return this.#with(members, children);
  }

  /** Without the paths of the other set; what lies below those stays. This set itself where none is in it. */
  difference(other: FieldSet): FieldSet {
    return this.#without(other, false);
  }

  /** Without the paths of the other set and all that lies below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    return this.#without(other, true);
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    if (this.#members !== undefined && other.#members !== undefined) {
      const members = this.#members.intersection(other.#members);
      if (members.size > 0) result.#members = members;
    }
    if (this.#children !== undefined && other.#children !== undefined) {
      for (const [step, ours] of this.#children) {
        const theirs = other.#children.get(step);
        if (theirs !== undefined) result.#attach(step, ours.intersection(theirs));
      }
    }
    return result;
  }

  /** All paths, in Kubernetes' order: at each node first its members, then what lies below its steps. */
  *paths(prefix: readonly PathElement[] = []): Generator<readonly PathElement[], void, void> {
    for (const step of [...this.members].sort(compareElements)) yield [...prefix, step];
    const children = [...this.children].sort(([one], [other]) => compareElements(one, other));
    for (const [step, child] of children) yield* child.paths([...prefix, step]);
  }

  #without(other: FieldSet, recursively: boolean): FieldSet {
    if (this.isEmpty || other.isEmpty) return this;
    let members = this.#members;
    if (members !== undefined && other.#members !== undefined && !members.isDisjointFrom(other.#members)) {
      members = members.difference(other.#members);
    }
    let children = this.#children;
    for (const [step, ours] of this.children) {
      const theirs = other.below(step);
      let left = theirs === undefined ? ours : ours.#without(theirs, recursively);
      if (recursively && other.has(step)) left = NONE;
      if (left === ours) continue;
      if (children === this.#children) children = new Map(children);
      if (left.isEmpty) children?.delete(step);
      else children?.set(step, left);
    }
    return this.#with(members, children);
  }

  #with(members: Set<PathElement> | undefined, children: Map<PathElement, FieldSet> | undefined): FieldSet {
    if (members === this.#members && children === this.#children) return this;
    const result = new FieldSet();
    if (members !== undefined && members.size > 0) result.#members = members;
    if (children !== undefined && children.size > 0) result.#children = children;
    return result;
  }

  #attach(step: PathElement, child: FieldSet): void {
    if (!child.isEmpty) (this.#children ??= new Map()).set(step, child);
  }
}

const NONE = new FieldSet();
