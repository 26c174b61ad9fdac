import { describeDrift } from './drift-details.ts';
import { type Drift, findDrift, KnownHashes } from './find-drift.ts';
import { HostAccounts } from './host-accounts.ts';
import { readImageTree } from './image-tree.ts';
import { ownedPaths } from './owned-paths.ts';
import type { PlaneStore } from './plane-memory.ts';

/** A path that differs from the image, and how, line by line, for whoever is at the host. */
export interface DescribedDrift extends Drift {
  readonly lines: readonly string[];
}

/**
 * Compares a host's files with its image's, for a program beside the agent. Changes nothing. The image is the one that runs,
 * or the one that a live change of this boot made the node into.
 *
 * @param root where this process sees the host's root
 * @throws what the file system says
 */
export async function readDrift(
  root: string,
  memory: Pick<PlaneStore, 'read'>,
  bootId: string,
): Promise<readonly DescribedDrift[]> {
  const { settled } = await memory.read();
  const tree = await readImageTree(root, settled?.bootId === bootId ? settled.tree : '');
  const owned = await ownedPaths(tree, await HostAccounts.read(root));
  const found: DescribedDrift[] = [];
  for (const drift of await findDrift(root, owned, new KnownHashes())) {
    found.push({ ...drift, lines: await describeDrift(root, tree, drift) });
  }
  return found;
}
