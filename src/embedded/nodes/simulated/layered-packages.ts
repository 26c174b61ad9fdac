import type { MachineFolder } from './machine-folder.ts';
import type { TreeNode } from './tree.ts';
import { withParents } from './tree.ts';
import { ToolError } from './tool-error.ts';

/** Where a package that is layered on a machine here is, all that there is of it. */
const FOLDER = 'usr/share/simulated-packages';

/** A commit with packages layered on another one; that one where there are none. */
export function layerPackages(machine: MachineFolder, base: string, packages: readonly string[]): string {
  if (packages.length === 0) return base;
  const below = machine.repository.read(base);
  if (below === undefined) throw new ToolError(`No such metadata object ${base}.commit`);
  const tree = new Map<string, TreeNode>(below.tree);
  for (const name of packages) {
    const attributes = { mode: 0o644, uid: 0, gid: 0 };
    tree.set(`${FOLDER}/${name}`, machine.repository.addFile(Buffer.from(`${name}\n`), attributes));
  }
  return machine.repository.commit(withParents(tree), { ...below.metadata, 'rpmostree.base': base });
}
