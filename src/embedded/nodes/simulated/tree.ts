/** What a name in a commit stands for; all but contents, which are an object of the repository's. */
export type TreeNode =
  | {
      readonly kind: 'file';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      /** Its name in the repository. */
      readonly object: string;
      readonly size: number;
    }
  | { readonly kind: 'directory'; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly kind: 'symlink'; readonly uid: number; readonly gid: number; readonly target: string };

/** Paths without a slash at either end, each after the folder that it is in. */
export type Tree = ReadonlyMap<string, TreeNode>;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Puts a layer on a tree as a host does (host-contract §5.2): whiteouts remove what layers below have, folders that are there
 * keep their owner and mode, and all else replaces what it stands on.
 */
export function withLayer(below: Tree, layer: Tree): Tree {
  const tree = new Map(below);
  const children = childrenOf(below);
  const remove = (path: string): void => {
    for (const name of children.get(path) ?? []) remove(join(path, name));
    children.delete(path);
    tree.delete(path);
  };
  for (const path of layer.keys()) {
    const [folder, name] = split(path);
    if (name === OPAQUE) {
      for (const child of children.get(folder) ?? []) remove(join(folder, child));
    } else if (name.startsWith(WHITEOUT)) {
      remove(join(folder, name.slice(WHITEOUT.length)));
    }
  }
  for (const [path, node] of layer) {
    if (split(path)[1].startsWith(WHITEOUT)) continue;
    const there = tree.get(path);
    if (there?.kind === 'directory' && node.kind === 'directory') continue;
    if (there !== undefined) remove(path);
    tree.set(path, node);
  }
  return ordered(tree);
}

/** The paths in an order in which each folder comes before what is in it. */
export function ordered(tree: Tree): Tree {
  return new Map([...tree].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Folders that are missing above what a tree has, made as ostree makes them. */
export function withParents(tree: Tree): Tree {
  const complete = new Map(tree);
  for (const [path, { uid, gid }] of tree) {
    for (let [folder] = split(path); folder !== ''; [folder] = split(folder)) {
      if (!complete.has(folder)) complete.set(folder, { kind: 'directory', mode: 0o755, uid, gid });
    }
  }
  return ordered(complete);
}

function childrenOf(tree: Tree): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const path of tree.keys()) {
    const [folder, name] = split(path);
    const names = children.get(folder);
    if (names === undefined) children.set(folder, [name]);
    else names.push(name);
  }
  return children;
}

function split(path: string): readonly [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
