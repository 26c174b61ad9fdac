import { parentOf } from './base-path.ts';
import { isShipped } from './node-files.ts';
import type { Claim, PlacementDraft } from './placement-draft.ts';

/**
 * Refuses what lies below something of the same configuration that is no directory. An item can be in the way of one that
 * was placed before it, since the base's links make deep paths of short ones; so this looks at everything when all is
 * placed, and before a layer is made of it, whose own check knows no MachineConfigs.
 */
export function refuseObstructed(draft: PlacementDraft): void {
  for (const path of new Set([...draft.claims.keys(), ...draft.nodes.keys()])) {
    // What the image ships for the node stands in the way of what else it ships just where their claims do.
    if (isShipped(path)) continue;
    const obstacle = obstacleAbove(draft, path);
    if (obstacle !== undefined) refuse(draft, path, obstacle);
  }
}

/** The lowest of the directories above a path that the configuration has made something else of. */
function obstacleAbove(
  draft: PlacementDraft,
  path: string,
): { readonly path: string; readonly claim?: Claim } | undefined {
  for (let parent = parentOf(path); parent !== '/'; parent = parentOf(parent)) {
    const claim = draft.claims.get(parent);
    if (claim !== undefined && !claim.isDirectory) return { path: parent, claim };
    const node = draft.nodes.get(parent);
    if (claim === undefined && node !== undefined && node.type !== 'directory') return { path: parent };
  }
  return undefined;
}

function refuse(
  draft: PlacementDraft,
  path: string,
  above: { readonly path: string; readonly claim?: Claim },
): void {
  const below = draft.claims.get(path);
  if (below !== undefined) {
    const what =
      above.claim === undefined ? `${above.path}, which Varve itself writes,` : draft.nameOf(above.claim);
    draft.refuse(
      below.item,
      below.origin,
      `${what} is no directory, so nothing can lie below it; move one of the two`,
    );
  } else if (above.claim !== undefined) {
    draft.refuse(
      above.claim.item,
      above.claim.origin,
      `Varve itself writes ${path}, which would lie below it; choose another path`,
    );
  }
}
