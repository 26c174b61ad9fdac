import { ROLLBACK_TO_ANNOTATION } from '../api/index.ts';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import { isRenderedEdited, renderedOwner } from '../machineconfig/index.ts';
import { ControllerError } from './controller-error.ts';
import type { RenderView } from './render-input.ts';
import { clusterKey } from './resources.ts';

/**
 * The rendered MachineConfig that a person has the pool go back to; undefined where the pool follows its MachineConfigs. Its
 * image is there already, as after a change that is taken back: nothing is built, and nodes that had it pull nothing.
 *
 * @throws ControllerError `no-rollback` if it is none of this pool's
 */
export function rollbackTarget(
  view: Pick<RenderView, 'machineConfigs'>,
  pool: MachineConfigPool,
): MachineConfig | undefined {
  const wanted = pool.metadata.annotations?.[ROLLBACK_TO_ANNOTATION] ?? '';
  if (wanted === '') return undefined;
  const { name, uid } = pool.metadata;
  const found = view.machineConfigs.cache.get(clusterKey(wanted));
  const why =
    found === undefined
      ? 'there is no such MachineConfig'
      : renderedOwner(found.metadata)?.uid !== uid
        ? `it was not rendered for pool ${name}`
        : isRenderedEdited(found)
          ? 'somebody has edited it'
          : undefined;
  if (why === undefined) return found;
  throw new ControllerError(
    'no-rollback',
    `pool ${name} cannot go back to MachineConfig ${wanted}, which its annotation ${ROLLBACK_TO_ANNOTATION} names: ${why}; see varve history ${name}, or take the annotation away with varve rollback ${name} --undo`,
  );
}
