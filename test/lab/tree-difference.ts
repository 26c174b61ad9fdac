import type { ImageTree, TreeEntry } from './image-tree.ts';

export interface Difference {
  readonly path: string;
  /** `absent` on the left or on the right, or the attributes that differ. */
  readonly kind: 'only-left' | 'only-right' | 'differs';
  readonly attributes: readonly string[];
  readonly left: TreeEntry | undefined;
  readonly right: TreeEntry | undefined;
}

/** Modification times are left out: ostree forces them to zero on the host (host-contract §5.2). */
const COMPARED = ['type', 'mode', 'uid', 'gid', 'size', 'sha256', 'linkTarget', 'xattrs'] as const;

/** Every path at which two trees are not the same, in order of the paths. */
export function treeDifferences(left: ImageTree, right: ImageTree): readonly Difference[] {
  const found: Difference[] = [];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const a = left.get(path);
    const b = right.get(path);
    if (a === undefined || b === undefined) {
      const kind = b === undefined ? 'only-left' : 'only-right';
      found.push({ path, kind, attributes: [], left: a, right: b });
      continue;
    }
    const attributes = COMPARED.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
    if (attributes.length > 0) found.push({ path, kind: 'differs', attributes, left: a, right: b });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One line for a person to read in a failed test. */
export function describeDifference({ path, kind, attributes, left, right }: Difference): string {
  if (kind !== 'differs') return `${kind} /${path} (${(left ?? right)?.type})`;
  const changes = attributes.map((name) => {
    const [a, b] = [left, right].map((entry) => JSON.stringify(entry?.[name as keyof TreeEntry]));
    return `${name} ${a} -> ${b}`;
  });
  return `differs /${path}: ${changes.join(', ')}`;
}
