import { CORDON_ANNOTATION } from '../api/index.ts';
import type { RolloutNode } from './node-state.ts';

/**
 * Who cordoned a node.
 * - `own`: Varve, for an update; it uncordons it afterwards.
 * - `kept`: a person had, before an update began; the cordon stays when it is over.
 * - `person`: a person, and no update is under way.
 */
export type Cordon = 'none' | 'own' | 'kept' | 'person';

/** Reads {@link Cordon} from a Node. What Varve cordoned and a person uncordoned is not cordoned. */
export function cordonOf({ metadata, spec }: RolloutNode): Cordon {
  if (spec?.unschedulable !== true) return 'none';
  const mark = metadata.annotations?.[CORDON_ANNOTATION];
  if (mark === 'Own') return 'own';
  return mark === 'Kept' ? 'kept' : 'person';
}

/** What a drain writes on a node before it begins; undefined: nothing, it is cordoned already. */
export function cordoning(
  node: RolloutNode,
): { readonly unschedulable: true; readonly mark: 'Own' | 'Kept' } | undefined {
  switch (cordonOf(node)) {
    case 'own':
    case 'kept':
      return undefined;
    case 'person':
      return { unschedulable: true, mark: 'Kept' };
    case 'none':
      // Somebody uncordoned it in the midst of the update: what they had cordoned before, they have taken back.
      return { unschedulable: true, mark: 'Own' };
  }
}

/** Whether a node that has been updated is to be schedulable again: not if a person had cordoned it. */
export function uncordons(node: RolloutNode): boolean {
  return cordonOf(node) === 'own';
}
