import type { NodeRule } from '../machineconfig/index.ts';
import type { ProvenanceItem } from '../osbuild/index.ts';
import { type ImageTree, readImageFile, sha256Of } from './image-tree.ts';
import type { PlacedForm } from './plane-memory.ts';

/** A rule of an image for a path of the node, with what is known of its content and of who asked for it. */
export interface OwnedRule {
  readonly rule: NodeRule;
  /** Of a file with content. */
  readonly sha256: string | undefined;
  /** The item of the configuration; undefined for a directory that only leads to one. */
  readonly item: ProvenanceItem | undefined;
}

/** What an image says of the node's /var, /run and /tmp; nothing where its form is not known. */
export async function ownedRules(tree: ImageTree): Promise<readonly OwnedRule[]> {
  const items = new Map<string, ProvenanceItem>();
  const sums = new Map<string, string>();
  for (const item of tree.provenance?.items ?? []) {
    if (item.plane !== 'var') continue;
    if (item.target !== undefined) items.set(item.target, item);
    for (const { path, sha256 } of item.paths) if (sha256 !== undefined) sums.set(path, sha256);
  }
  const owned: OwnedRule[] = [];
  for (const rule of tree.rules ?? []) {
    const sha256 = rule.type === 'file' ? await sumOf(tree, rule.source, sums) : undefined;
    owned.push({ rule, sha256, item: items.get(rule.path) });
  }
  // What lies deeper comes later, as its folder may have to be made first.
  return owned.sort((a, b) => depth(a.rule.path) - depth(b.rule.path));
}

/** What a rule leaves at its path, as far as it is to be removed once no image wants it. */
export function formOf({ rule, sha256, item }: OwnedRule): PlacedForm | undefined {
  const { path } = rule;
  switch (rule.type) {
    case 'file':
      return { path, type: 'file', is: sha256 ?? EMPTY };
    case 'symlink':
      return { path, type: 'symlink', is: rule.target };
    case 'directory':
      // One that only leads to a file, as somebody's home, stays: it is no item of the configuration.
      return item === undefined ? undefined : { path, type: 'directory', is: '' };
    case 'attributes':
      return undefined;
  }
}

const EMPTY = sha256Of(new Uint8Array());

/** The content that a rule without a source makes has the hash of nothing. */
async function sumOf(
  tree: ImageTree,
  source: string | undefined,
  sums: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  if (source === undefined) return EMPTY;
  const known = sums.get(source);
  if (known !== undefined) return known;
  const contents = await readImageFile(tree, source);
  return contents && sha256Of(contents);
}

function depth(path: string): number {
  return path.split('/').length;
}
