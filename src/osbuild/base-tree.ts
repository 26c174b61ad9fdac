import type { BaseEntry } from '../machineconfig/index.ts';

/** One path of the base's tree; a directory has children, everything else has none. */
interface Node {
  entry: BaseEntry;
  children: Map<string, Node> | undefined;
}

/** Directories that no layer declares: what container tools and ostree make of a missing parent (host-contract §5.2). */
const IMPLIED_DIRECTORY: BaseEntry = { type: 'directory', mode: 0o755, uid: 0, gid: 0 };

/**
 * The merged file list of an image's layers: types, link targets, and the metadata of directories, but no contents.
 * Layers are applied lowest first; inside one layer, all whiteouts before all entries (host-contract §5.2).
 */
export class BaseTree {
  readonly #root: Node = { entry: IMPLIED_DIRECTORY, children: new Map() };
  /** Paths that have been made, and the sum of their lengths; what is taken away again still counts. */
  size = 0;
  pathBytes = 0;

  /** Records an entry of the layer being applied. A non-directory takes away whatever lay at or below its path. */
  add(path: string, entry: BaseEntry): void {
    const parts = split(path);
    const name = parts.pop();
    if (name === undefined) {
      this.#root.entry = entry;
      return;
    }
    const children = this.#childrenOf(parts);
    const there = children.get(name);
    if (entry.type === 'directory' && there?.children !== undefined) there.entry = entry;
    else {
      children.set(name, { entry, children: entry.type === 'directory' ? new Map() : undefined });
      this.#count(path.length);
    }
  }

  /** A whiteout: takes a path and everything below it away. A path that is not there is no error. */
  remove(path: string): void {
    const parts = split(path);
    const name = parts.pop();
    if (name !== undefined) this.#find(parts)?.children?.delete(name);
  }

  /** An opaque whiteout: empties a directory. */
  empty(path: string): void {
    this.#find(split(path))?.children?.clear();
  }

  get(path: string): BaseEntry | undefined {
    return this.#find(split(path))?.entry;
  }

  /** Every path but the root, absolute, each after the directory that it is in. */
  paths(): readonly (readonly [string, BaseEntry])[] {
    const found: [string, BaseEntry][] = [];
    const visit = (prefix: string, node: Node): void => {
      for (const [name, child] of node.children ?? []) {
        const path = `${prefix}/${name}`;
        found.push([path, child.entry]);
        visit(path, child);
      }
    };
    visit('', this.#root);
    return found;
  }

  #find(parts: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of parts) node = node?.children?.get(part);
    return node;
  }

  #count(length: number): void {
    this.size += 1;
    this.pathBytes += length;
  }

  #childrenOf(parts: readonly string[]): Map<string, Node> {
    let node = this.#root;
    let length = 0;
    for (const part of parts) {
      length += part.length + 1;
      node.children ??= new Map();
      let child = node.children.get(part);
      if (child?.children === undefined) {
        child = { entry: IMPLIED_DIRECTORY, children: new Map() };
        node.children.set(part, child);
        this.#count(length);
      }
      node = child;
    }
    node.children ??= new Map();
    return node.children;
  }
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
