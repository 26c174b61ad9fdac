import type { MachineOSConfig } from '../api/index.ts';
import { compareNewestFirst } from '../api/index.ts';
import { formatRepository } from '../oci/index.ts';
import { OsBuildError, pushRepository, tagConflict } from '../osbuild/index.ts';

/**
 * Why a MachineOSConfig may not push where it wants to: an older one of another pool pushes to the same repository, and one
 * pool's tags are the other's. Undefined if it may.
 *
 * @param osConfigs all there are
 * @throws OsBuildError `invalid-os-config`
 */
export function pushConflict(
  osConfig: MachineOSConfig,
  osConfigs: readonly MachineOSConfig[],
): string | undefined {
  const pool = osConfig.spec.machineConfigPool.name;
  const repository = formatRepository(pushRepository(osConfig));
  const older = osConfigs.filter(
    (other) =>
      other !== osConfig &&
      other.metadata['deletionTimestamp'] === undefined &&
      repositoryOf(other) === repository &&
      compareNewestFirst(osConfig, other) < 0,
  );
  const other = tagConflict(
    pool,
    older.map(({ spec }) => spec.machineConfigPool.name),
  );
  if (other === undefined) return undefined;
  return `cannot build an image for MachineOSConfig ${JSON.stringify(osConfig.metadata.name)}: spec.renderedImagePushSpec: pool ${other} pushes to ${repository}, too, where tags of pool ${pool} would take the place of its own; push to another repository`;
}

/** Undefined for one that pushes nowhere. */
function repositoryOf(osConfig: MachineOSConfig): string | undefined {
  try {
    return formatRepository(pushRepository(osConfig));
  } catch (error) {
    if (error instanceof OsBuildError) return undefined;
    throw error;
  }
}
