import type {
  Config,
  Directory,
  File,
  Group,
  Link,
  Node,
  NodeOwner,
  Resource,
  Storage,
  Unit,
  User,
} from './config.ts';
import { SPECIAL_BITS, SPECIAL_BITS_SINCE, UNIT_DIRECTORY } from './node-rules.ts';
import { depthOf } from './paths.ts';
import { decodeResource } from './resource.ts';
import { compareText } from './text-order.ts';
import { minorOf } from './version.ts';

/** A user or group by id or by name; neither is root. */
export interface Owner {
  readonly id?: number;
  readonly name?: string;
}

/** Where in the config something comes from: a section and the key of the entry (host-contract §8.4). */
export type Origin =
  | {
      readonly section: 'storage.files' | 'storage.directories' | 'storage.links';
      readonly key: string;
    }
  | { readonly section: 'systemd.units'; readonly key: string; readonly dropin?: string }
  | { readonly section: 'passwd.users' | 'passwd.groups'; readonly key: string }
  | { readonly section: 'kernelArguments'; readonly key: string };

interface FileNode {
  readonly type: 'file';
  readonly path: string;
  readonly mode?: number;
  readonly user: Owner;
  readonly group: Owner;
  readonly overwrite: boolean;
  /** Absent: keep what is there, create an empty file if nothing is. */
  readonly contents?: Uint8Array;
  readonly append: readonly Uint8Array[];
  readonly origin: Origin;
}

interface DirectoryNode {
  readonly type: 'directory';
  readonly path: string;
  readonly mode?: number;
  readonly user: Owner;
  readonly group: Owner;
  readonly overwrite: boolean;
  readonly origin: Origin;
}

interface SymlinkNode {
  readonly type: 'symlink';
  readonly path: string;
  readonly target: string;
  readonly user: Owner;
  readonly group: Owner;
  readonly overwrite: boolean;
  readonly origin: Origin;
}

interface HardlinkNode {
  readonly type: 'hardlink';
  readonly path: string;
  readonly target: string;
  readonly overwrite: boolean;
  readonly origin: Origin;
}

export type TreeNode = FileNode | DirectoryNode | SymlinkNode | HardlinkNode;

/** A unit with what is to be done about it; `enabled` and `mask` are absent when the config says nothing. */
export interface TreeUnit {
  readonly name: string;
  readonly contents?: string;
  readonly dropins: readonly { readonly name: string; readonly contents: string }[];
  readonly enabled?: boolean;
  readonly mask?: boolean;
}

/** A section that only Ignition itself can apply, when a machine boots for the first time. */
export type FirstBootSection = 'storage.disks' | 'storage.filesystems' | 'storage.luks' | 'storage.raid';

export interface Tree {
  /** Files, directories and links of `storage` and of units: by depth, then path; hard links last. */
  readonly nodes: readonly TreeNode[];
  readonly units: readonly TreeUnit[];
  readonly users: readonly User[];
  readonly groups: readonly Group[];
  readonly kernelArguments: {
    readonly shouldExist: readonly string[];
    readonly shouldNotExist: readonly string[];
  };
  /** The sections present that only the first boot of a machine can apply, such as `storage.disks`. */
  readonly firstBootOnly: readonly FirstBootSection[];
}

/**
 * What a valid config puts into a file system (host-contract §8.6). Units come after `storage`, and take the place of a
 * node of the same path. Modes are as they take effect: setuid, setgid and sticky bits only from spec 3.6 on.
 * @throws {@link IgnitionError} as {@link decodeResource} does
 */
export function toTree(config: Config): Tree {
  const { storage = {}, systemd, passwd, kernelArguments } = config;
  const special = (minorOf(config.ignition.version) ?? 0) >= SPECIAL_BITS_SINCE;
  const units = (systemd?.units ?? []).map(treeUnit);
  const byPath = new Map<string, TreeNode>();
  for (const node of [...storageNodes(storage, special), ...units.flatMap(unitNodes)]) {
    byPath.set(node.path, node);
  }
  return {
    nodes: sorted([...byPath.values()]),
    units,
    users: passwd?.users ?? [],
    groups: passwd?.groups ?? [],
    kernelArguments: {
      shouldExist: kernelArguments?.shouldExist ?? [],
      shouldNotExist: kernelArguments?.shouldNotExist ?? [],
    },
    firstBootOnly: FIRST_BOOT.filter((list) => storage[list] !== undefined).map(
      (list) => `storage.${list}` as const,
    ),
  };
}

const FIRST_BOOT = ['disks', 'filesystems', 'luks', 'raid'] as const;

function storageNodes(storage: Storage, special: boolean): readonly TreeNode[] {
  const { directories = [], files = [], links = [] } = storage;
  return [
    ...directories.map((directory) => directoryNode(directory, special)),
    ...files.map((file) => fileNode(file, special)),
    ...links.map(linkNode),
  ];
}

function directoryNode(directory: Directory, special: boolean): DirectoryNode {
  return {
    type: 'directory',
    ...common(directory, 'storage.directories'),
    ...modeOf(directory, special),
  };
}

function fileNode(file: File, special: boolean): FileNode {
  const { path, contents, append = [] } = file;
  return {
    type: 'file',
    ...common(file, 'storage.files'),
    ...modeOf(file, special),
    ...contentsOf(contents, `the contents of file ${path}`),
    append: append.map((part) => decodeResource(part, `an appended part of file ${path}`)),
  };
}

function contentsOf(contents: Resource | undefined, what: string): { readonly contents?: Uint8Array } {
  return contents?.source === undefined ? {} : { contents: decodeResource(contents, what) };
}

function linkNode(link: Link): SymlinkNode | HardlinkNode {
  const { target = '' } = link;
  const { path, user, group, overwrite, origin } = common(link, 'storage.links');
  return link.hard === true
    ? { type: 'hardlink', path, target, overwrite, origin }
    : { type: 'symlink', path, target, user, group, overwrite, origin };
}

type NodeSection = 'storage.files' | 'storage.directories' | 'storage.links';

interface Common {
  readonly path: string;
  readonly user: Owner;
  readonly group: Owner;
  readonly overwrite: boolean;
  readonly origin: Origin;
}

function common(node: Node, section: NodeSection): Common {
  return {
    path: node.path,
    user: owner(node.user),
    group: owner(node.group),
    overwrite: node.overwrite === true,
    origin: { section, key: node.path },
  };
}

function owner({ id, name = '' }: NodeOwner = {}): Owner {
  return { ...(id === undefined ? {} : { id }), ...(name === '' ? {} : { name }) };
}

function modeOf({ mode }: Directory | File, special: boolean): { readonly mode?: number } {
  return mode === undefined ? {} : { mode: special ? mode : mode & ~SPECIAL_BITS };
}

function treeUnit(unit: Unit): TreeUnit {
  const { name, contents, enabled, mask } = unit;
  return {
    name,
    ...(contents === undefined ? {} : { contents }),
    dropins: (unit.dropins ?? []).flatMap((dropin) =>
      dropin.contents === undefined ? [] : [{ name: dropin.name, contents: dropin.contents }],
    ),
    ...(enabled === undefined ? {} : { enabled }),
    ...(mask === undefined ? {} : { mask }),
  };
}

function unitNodes(unit: TreeUnit): readonly TreeNode[] {
  const path = `${UNIT_DIRECTORY}/${unit.name}`;
  const origin: Origin = { section: 'systemd.units', key: unit.name };
  const nodes: TreeNode[] = unit.dropins.map((dropin) =>
    unitFile(`${path}.d/${dropin.name}`, dropin.contents, { ...origin, dropin: dropin.name }),
  );
  if (unit.mask === true) {
    nodes.push({
      type: 'symlink',
      path,
      target: '/dev/null',
      user: {},
      group: {},
      overwrite: true,
      origin,
    });
  } else if (unit.contents !== undefined && unit.contents !== '') {
    nodes.push(unitFile(path, unit.contents, origin));
  }
  return nodes;
}

function unitFile(path: string, contents: string, origin: Origin): FileNode {
  return {
    type: 'file',
    path,
    mode: 0o644,
    user: {},
    group: {},
    overwrite: true,
    contents: Buffer.from(contents),
    append: [],
    origin,
  };
}

function sorted(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes
    .map((node) => ({ node, last: node.type === 'hardlink' ? 1 : 0, depth: depthOf(node.path) }))
    .sort((a, b) => a.last - b.last || a.depth - b.depth || compareText(a.node.path, b.node.path))
    .map(({ node }) => node);
}
