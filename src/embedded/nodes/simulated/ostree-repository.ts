import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { decompress, MediaType } from '../../../oci/index.ts';
import { entriesOf, ownerOf, removeTree } from './files.ts';
import { importLayer } from './layer-import.ts';
import type { Repository } from './repository.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';
import { ordered, type Tree, type TreeNode, withLayer, withParents } from './tree.ts';

/** Verbs of ostree that read and fill a repository, as far as importing images needs them. */
export async function repositoryVerb(
  run: ToolRun,
  verb: 'refs' | 'ls' | 'cat' | 'commit' | 'checkout' | 'config',
): Promise<void> {
  const { repository } = run.machine;
  switch (verb) {
    case 'refs': {
      const remove = run.option('--delete');
      if (remove === undefined) for (const ref of repository.refs(run.option('--list') ?? '')) run.out(ref);
      else repository.deleteRef(remove);
      return;
    }
    case 'ls':
      list(run);
      return;
    case 'cat': {
      const [revision = '', path = ''] = run.operands('--repo');
      const node = treeOf(repository, revision).get(path.slice(1));
      if (node?.kind !== 'file') throw new ToolError(`No such file or directory: ${path}`);
      run.process.out(repository.contents(node.object).toString('utf8'));
      return;
    }
    case 'commit':
      // A layer comes as an archive; what is made of layers is an image.
      await run.step(run.options('--tree').includes('tar=-') ? 'pull' : 'import');
      run.out(await commit(run));
      return;
    case 'checkout':
      checkout(run);
      return;
    case 'config':
      return;
  }
}

function treeOf(repository: Repository, revision: string): Tree {
  const found = repository.read(revision);
  if (found === undefined) throw new ToolError(`Refspec '${revision}' not found`);
  return found.tree;
}

function list(run: ToolRun): void {
  const [revision = '', path = '/'] = run.operands('--repo');
  const tree = treeOf(run.machine.repository, revision);
  const at = path.replace(/^\/+|\/+$/g, '');
  const prefix = at === '' ? '' : `${at}/`;
  if (at !== '' && !tree.has(at)) throw new ToolError(`No such file or directory: ${path}`);
  const isBelow = (one: string): boolean =>
    one.startsWith(prefix) && (run.has('--recursive', '-R') || !one.slice(prefix.length).includes('/'));
  const names = [...tree.keys()].filter((one) => one === at || isBelow(one));
  if (run.has('--nul-filenames-only')) {
    run.process.out(names.map((name) => `/${name}\0`).join(''));
    return;
  }
  if (at === '') run.out('d00755 0 0      0 /');
  for (const name of names) run.out(lineOf(name, tree.get(name)));
}

function lineOf(name: string, node: TreeNode | undefined): string {
  if (node === undefined) return '';
  const mode = (node.kind === 'symlink' ? 0o777 : node.mode).toString(8).padStart(5, '0');
  const size = node.kind === 'file' ? `${node.size}` : '0';
  const letter = { file: '-', directory: 'd', symlink: 'l' }[node.kind];
  const target = node.kind === 'symlink' ? ` -> ${node.target}` : '';
  return `${letter}${mode} ${node.uid} ${node.gid} ${size.padStart(6)} /${name}${target}`;
}

async function commit(run: ToolRun): Promise<string> {
  const { repository } = run.machine;
  const metadata = run.options('--add-metadata-string').map((text) => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  const base = run.option('--base');
  let tree: Tree | undefined = base === undefined ? undefined : treeOf(repository, base);
  for (const source of run.options('--tree')) {
    const added = await sourceTree(run, source);
    tree = tree === undefined ? added : union(tree, added);
  }
  if (tree === undefined || tree.size === 0) throw new ToolError("Can't commit an empty tree");
  const checksum = repository.commit(tree, Object.fromEntries(metadata));
  const branch = run.option('--branch');
  if (branch !== undefined) repository.setRef(branch, checksum);
  return checksum;
}

async function sourceTree(run: ToolRun, source: string): Promise<Tree> {
  const { machine } = run;
  const [, kind = '', name = ''] = /^(ref|tar|dir)=(.*)$/.exec(source) ?? [];
  if (kind === 'ref') return treeOf(machine.repository, name);
  if (kind === 'tar' && name === '-')
    return withParents(await importLayer(machine.repository, plain(run.process.input)));
  if (kind === 'dir') {
    const tree = new Map<string, TreeNode>();
    readFolder(machine.repository, machine.at(name), '', tree);
    if (run.has('--consume')) removeTree(machine.at(name));
    return ordered(tree);
  }
  throw new ToolError(`Invalid tree type specification '${source}'`);
}

/** An archive as libarchive reads it: compressed or not, as its first bytes tell. */
async function* plain(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  const head = first.done === true ? new Uint8Array() : first.value;
  async function* all(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  const magic = Buffer.from(head.subarray(0, 4)).toString('hex');
  if (magic.startsWith('1f8b')) yield* decompress(all(), MediaType.ociLayerGzip);
  else if (magic === '28b52ffd') yield* decompress(all(), MediaType.ociLayerZstd);
  else yield* all();
}

function readFolder(repository: Repository, folder: string, path: string, tree: Map<string, TreeNode>): void {
  for (const { name } of entriesOf(join(folder, path))) {
    const one = join(path, name);
    const stats = lstatSync(join(folder, one));
    const [uid, gid] = ownerOf(stats);
    const mode = stats.mode & 0o7777;
    if (stats.isDirectory()) {
      tree.set(one, { kind: 'directory', mode, uid, gid });
      readFolder(repository, folder, one, tree);
    } else if (stats.isSymbolicLink()) {
      tree.set(one, { kind: 'symlink', uid, gid, target: readlinkSync(join(folder, one)) });
    } else {
      tree.set(one, repository.addFile(readFileSync(join(folder, one)), { mode, uid, gid }));
    }
  }
}

/** Both trees in one, the second one's files in the place of the first's; whiteouts mean nothing here. */
function union(below: Tree, above: Tree): Tree {
  const tree = new Map(below);
  for (const [path, node] of above) {
    const there = tree.get(path);
    if (there?.kind === 'directory' && node.kind !== 'directory') {
      throw new ToolError(`Can't replace directory with file: ${path}`);
    }
    if (there !== undefined && there.kind !== 'directory' && node.kind === 'directory') {
      throw new ToolError(`Can't replace file with directory: ${path}`);
    }
    tree.set(path, node);
  }
  return ordered(tree);
}

function checkout(run: ToolRun): void {
  const { machine } = run;
  const { repository } = machine;
  const [revision = '', folder = ''] = run.operands('--repo');
  const to = machine.at(folder);
  const layer = treeOf(repository, revision);
  const below = new Map<string, TreeNode>();
  readFolder(repository, to, '', below);
  const tree = run.has('--whiteouts') ? withLayer(below, layer) : union(below, layer);
  removeTree(to);
  repository.checkout(tree, to);
}
