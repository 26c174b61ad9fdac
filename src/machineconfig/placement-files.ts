import type { TreeNode } from '../ignition/index.ts';
import { parentOf, resolveParents, toplevel } from './base-path.ts';
import { hasControlCharacter } from './control-characters.ts';
import { PRESET_PATH } from './enablement.ts';
import { KARGS_PATH } from './kargs-file.ts';
import { isNodePath, nodeDirectory, nodeEmptyFile, nodeFile, nodeSymlink, octal } from './node-files.ts';
import { isRoot } from './node-owners.ts';
import { nodeOwner, ownerName } from './placement-draft.ts';
import type { PlacementDraft } from './placement-draft.ts';
import type { Plane } from './plane.ts';
import { SYSUSERS_PATH } from './sysusers.ts';
import { literalGlob, TMPFILES_PATH } from './tmpfiles.ts';

type FileNode = Extract<TreeNode, { type: 'file' }>;
type DirectoryNode = Extract<TreeNode, { type: 'directory' }>;
type SymlinkNode = Extract<TreeNode, { type: 'symlink' }>;
type HardLinkNode = Extract<TreeNode, { type: 'hardlink' }>;

/** Accounts in the image's /etc collide with the node's own, always modified, copies (host-contract §5.3 "user"). */
const ACCOUNT_FILES = new Set([
  '/etc/passwd',
  '/etc/group',
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/subuid',
  '/etc/subgid',
]);

/** What Varve generates; a file of the user there would be lost. */
const GENERATED = new Set([KARGS_PATH, PRESET_PATH, SYSUSERS_PATH, TMPFILES_PATH]);

/** Places the files, directories and links of an Ignition tree (architecture D4, host-contract §5.2, §8.6). */
export function placeTreeNodes(draft: PlacementDraft, nodes: readonly TreeNode[]): void {
  for (const node of nodes) {
    const unusable = unusableIn(node);
    if (unusable !== undefined) {
      draft.refuse(node.path, node.origin, unusable);
      continue;
    }
    const path = draft.resolve(node);
    if (path === undefined) continue;
    const isDirectory = node.type === 'directory';
    const there = draft.claims.get(path);
    if (there !== undefined && !(there.isDirectory && isDirectory)) {
      const twin = draft.nameOf(there);
      draft.refuse(
        node.path,
        node.origin,
        `the base image makes one path of it and of ${twin}; keep one of the two`,
      );
      continue;
    }
    draft.claims.set(path, { item: node.path, origin: node.origin, isDirectory });
    const plane = planeOf(draft, path);
    if (typeof plane !== 'string') {
      draft.refuse(node.path, node.origin, plane.refusal);
      continue;
    }
    if (node.type === 'file') placeFile(draft, node, path, plane);
    else if (node.type === 'directory') placeDirectory(draft, node, path, plane);
    else if (node.type === 'symlink') placeSymlink(draft, node, path, plane);
    else placeHardLink(draft, node, path, plane);
  }
}

/** What of a node no host tool would write as it stands. */
function unusableIn(node: TreeNode): string | undefined {
  if (hasControlCharacter(node.path))
    return 'the path holds a control character, which no host tool writes safely';
  if (node.path.split('/').some((part) => part.startsWith('.wh.')))
    return 'a name that begins with .wh. means in an image layer that something is taken away; choose another name';
  if ('target' in node && hasControlCharacter(node.target)) return 'its target holds a control character';
  if ('user' in node) {
    const name = [node.user.name, node.group.name].find(
      (text) => text && !/^[A-Za-z_][\w.-]*\$?$/u.test(text),
    );
    if (name !== undefined) return `its owner ${JSON.stringify(name)} is not a name that an account can have`;
  }
  return undefined;
}

function placeFile(draft: PlacementDraft, node: FileNode, path: string, plane: 'usr' | 'etc' | 'var'): void {
  const there = draft.base.entry(path);
  if (isDirectory(draft, path)) {
    return draft.refuse(
      node.path,
      node.origin,
      `${path} is a directory in the base image; a file in its place would take away all that lies below it`,
    );
  }
  if (node.contents === undefined && node.append.length === 0) return placeBareFile(draft, node, path, plane);
  if (node.contents === undefined && (there !== undefined || plane === 'var')) {
    return draft.refuse(
      node.path,
      node.origin,
      `it appends to ${path} of the ${plane === 'var' ? 'node' : 'base image'}; give the whole contents instead, so that what the node has depends on the image alone`,
    );
  }
  if (there !== undefined && !node.overwrite && plane !== 'var') {
    return draft.refuse(
      node.path,
      node.origin,
      'a file exists there already in the base image and overwrite is false; set overwrite: true',
    );
  }
  const contents =
    node.append.length === 0
      ? (node.contents ?? new Uint8Array())
      : Buffer.concat([node.contents ?? new Uint8Array(), ...node.append]);
  const mode = node.mode ?? 0o644;
  if (plane === 'var') {
    const owner = nodeOwner(node.user, node.group);
    draft.addOwnedParents(path);
    const paths = draft.addNodeFile(nodeFile(path, { contents, mode, owner, keepExisting: !node.overwrite }));
    if (node.overwrite) return note(draft, node, path, plane, paths);
    return draft.note({
      item: node.path,
      origin: node.origin,
      plane,
      reason: `Below ${/^\/[^/]+/u.exec(path)?.[0] ?? '/'} of the node: systemd-tmpfiles makes it at boot where it is missing; overwrite is false, so the content of one that is there stays.`,
      target: path,
      paths,
    });
  }
  if (ACCOUNT_FILES.has(path)) {
    draft.warn(
      node.origin,
      `${path} is changed locally on every node, so the image's version will not take effect there; use passwd`,
    );
  }
  draft.addNode({ type: 'file', path, mode, ...draft.numericOwner(node), contents });
  return note(draft, node, path, plane, [path]);
}

/** A file without contents: "exists; create it empty if it is missing" (host-contract §8.5). */
function placeBareFile(
  draft: PlacementDraft,
  node: FileNode,
  path: string,
  plane: 'usr' | 'etc' | 'var',
): void {
  if (plane === 'var') {
    draft.addOwnedParents(path);
    draft.addNodeFile(
      nodeEmptyFile(path, { mode: node.mode, user: ownerName(node.user), group: ownerName(node.group) }),
    );
    return note(draft, node, path, plane, []);
  }
  if (draft.base.entry(path) === undefined) {
    const mode = node.mode ?? 0o644;
    draft.addNode({ type: 'file', path, mode, ...draft.numericOwner(node), contents: new Uint8Array() });
    return note(draft, node, path, plane, [path]);
  }
  const changes = node.mode !== undefined || isGiven(node.user) || isGiven(node.group);
  if (!changes) {
    return draft.note({
      item: node.path,
      origin: node.origin,
      plane,
      reason: "The base image has it and the configuration gives no contents: the base image's file stays.",
      target: path,
    });
  }
  return draft.refuse(
    node.path,
    node.origin,
    'it changes the mode or owner of a file of the base image without giving its contents; an image layer holds whole files, so give the contents too',
  );
}

function placeDirectory(
  draft: PlacementDraft,
  node: DirectoryNode,
  path: string,
  plane: 'usr' | 'etc' | 'var',
): void {
  if (plane === 'var') return placeNodeDirectory(draft, node, path);
  const mode = node.mode ?? 0o755;
  const there = draft.base.entry(path);
  if (there === undefined) {
    draft.addNode({ type: 'directory', path, mode, ...draft.numericOwner(node) });
    return note(draft, node, path, plane, [path]);
  }
  if (there.type !== 'directory') {
    return draft.refuse(
      node.path,
      node.origin,
      `${path} is a ${there.type === 'file' ? 'file' : 'symbolic link'} in the base image; a directory in its place would break what relies on it`,
    );
  }
  const owner = draft.numericOwner(node);
  const same =
    (node.mode === undefined || node.mode === there.mode) &&
    (!isGiven(node.user) || owner.uid === there.uid) &&
    (!isGiven(node.group) || owner.gid === there.gid);
  if (same) return note(draft, node, path, plane, []);
  if (plane === 'etc') {
    // A layer cannot change the metadata of a directory of a lower layer (host-contract §5.2 "existing directories").
    const keep = {
      user: isGiven(node.user) ? String(owner.uid) : '-',
      group: isGiven(node.group) ? String(owner.gid) : '-',
    };
    draft.tmpfiles.push({
      type: 'z',
      path: literalGlob(path),
      ...(node.mode === undefined ? {} : { mode: octal(mode) }),
      ...keep,
    });
    return draft.note({
      item: node.path,
      origin: node.origin,
      plane: 'var',
      reason:
        'The base image has the directory with another mode or owner, which a layer cannot change: systemd-tmpfiles sets it at each boot.',
      target: path,
    });
  }
  return draft.refuse(
    node.path,
    node.origin,
    'the base image has this directory with another mode or owner, which no image layer can change and which is read-only on the node; build it into the base',
  );
}

/** A directory of the node: only what is given is set on one that is there already (host-contract §8.6). */
function placeNodeDirectory(draft: PlacementDraft, node: DirectoryNode, path: string): void {
  const user = ownerName(node.user);
  const group = ownerName(node.group);
  const above = draft.owners.above(path);
  if (above !== undefined && user !== undefined && isRoot(user)) {
    return draft.refuse(
      node.path,
      node.origin,
      `it is root's and lies in ${above.path}, which is ${above.owner.user}'s: systemd-tmpfiles refuses to go through it; give it the same owner`,
    );
  }
  draft.addOwnedParents(path);
  const home = draft.owners.at(path);
  const maker = (home ?? above)?.owner ?? { user: '0', group: '0' };
  draft.addNodeFile(
    nodeDirectory(path, { mode: node.mode, user, group }, maker, home === undefined ? 0o755 : 0o700),
  );
  draft.owners.add(path, { user: user ?? maker.user, group: group ?? maker.group });
  return note(draft, node, path, 'var', []);
}

function placeSymlink(
  draft: PlacementDraft,
  node: SymlinkNode,
  path: string,
  plane: 'usr' | 'etc' | 'var',
): void {
  if (plane === 'var') {
    draft.addOwnedParents(path);
    draft.addNodeFile(nodeSymlink(path, node.target, node.overwrite));
    return note(draft, node, path, plane, []);
  }
  const there = draft.base.entry(path);
  const same = there?.type === 'symlink' && there.target === node.target;
  if (!same && isDirectory(draft, path)) {
    return draft.refuse(
      node.path,
      node.origin,
      `${path} is a directory in the base image; a link in its place would take away all that lies below it`,
    );
  }
  if (there !== undefined && !same && !node.overwrite) {
    return draft.refuse(
      node.path,
      node.origin,
      'something exists there already in the base image and overwrite is false; set overwrite: true',
    );
  }
  draft.addNode({ type: 'symlink', path, target: node.target, ...draft.numericOwner(node) });
  return note(draft, node, path, plane, [path]);
}

function placeHardLink(
  draft: PlacementDraft,
  node: HardLinkNode,
  path: string,
  plane: 'usr' | 'etc' | 'var',
): void {
  const target = draft.resolve({ ...node, path: node.target });
  if (target === undefined) return undefined;
  if (plane === 'var' || draft.nodes.get(target)?.type !== 'file') {
    // A link into a lower layer fails on the host, and so does one across file systems (host-contract §5.2).
    return draft.refuse(
      node.path,
      node.origin,
      `a hard link can only name a file of the same configuration in the image's /usr or /etc, and ${node.target} is none; use a symbolic link`,
    );
  }
  draft.addNode({ type: 'hardlink', path, target });
  return note(draft, node, path, plane, [path]);
}

function note(
  draft: PlacementDraft,
  node: TreeNode,
  path: string,
  plane: 'usr' | 'etc' | 'var',
  paths: readonly string[],
): void {
  draft.note({
    item: node.path,
    origin: node.origin,
    plane,
    reason: reasonFor(node.path, path, plane),
    target: path,
    paths,
  });
}

function reasonFor(requested: string, path: string, plane: 'usr' | 'etc' | 'var'): string {
  const through = requested === path ? '' : ` (the base image links ${requested} to ${path})`;
  switch (plane) {
    case 'etc':
      return `In the image's /etc${through}: each node's /etc follows it, unless it was changed there by hand.`;
    case 'usr':
      return `In the image${through}: read-only on the node.`;
    case 'var':
      return `Below ${/^\/[^/]+/u.exec(path)?.[0] ?? '/'} of the node${through}, which no image holds: systemd-tmpfiles makes it at each boot from the image's copy.`;
  }
}

/** The plane of a resolved path, or why it can have none. */
function planeOf(
  draft: PlacementDraft,
  path: string,
): Extract<Plane, 'usr' | 'etc' | 'var'> | { refusal: string } {
  const isToplevel = /^\/[^/]*$/u.test(path);
  if (isToplevel && draft.base.entry(path) !== undefined)
    return { refusal: `${path} itself belongs to the base image` };
  if (isNodePath(path)) return 'var';
  if (path === '/usr/etc' || path.startsWith('/usr/etc/')) {
    return { refusal: "/usr/etc is where ostree keeps the image's own /etc; write the path below /etc" };
  }
  if (path === '/usr/lib/varve' || path.startsWith('/usr/lib/varve/') || GENERATED.has(path)) {
    return { refusal: `${path} is written by Varve itself; choose another path` };
  }
  const top = toplevel(path);
  if (top === 'etc') return 'etc';
  if (top === 'usr') return 'usr';
  if (['proc', 'sys', 'dev', 'sysroot', 'ostree', 'boot'].includes(top)) {
    return { refusal: `nothing below /${top} can come with an image: the host makes it itself` };
  }
  if (draft.base.keepsToplevels) return 'usr';
  return {
    refusal: `a host whose base has neither composefs nor a transient root drops everything of an image but /usr, /etc and /var, so /${top} would be lost silently; use a path below one of them`,
  };
}

/**
 * Whether the base has a directory there, or a link to one. What /usr links into /var are directories too, although
 * an image's /var is empty: /usr/local is one of them on CoreOS.
 */
function isDirectory(draft: PlacementDraft, path: string): boolean {
  const there = draft.base.entry(path);
  if (there?.type !== 'symlink') return there?.type === 'directory';
  const resolved = resolveParents(draft.base, `${path}/x`);
  const target = resolved.ok ? parentOf(resolved.path) : path;
  return (
    draft.base.entry(target)?.type === 'directory' || (path.startsWith('/usr/') && target.startsWith('/var/'))
  );
}

function isGiven(owner: { id?: number; name?: string }): boolean {
  return owner.id !== undefined || (owner.name !== undefined && owner.name !== '');
}
