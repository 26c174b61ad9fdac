import { isDeepStrictEqual } from 'node:util';
import type { DisruptionAction } from './disruption-policy.ts';

/**
 * One list of actions for several (contract §5.11, 7): a reboot is all that remains of a list with one, and `None` goes where
 * there is anything else. What several lists ask for is done once (§7.3, 29), and still in the order of each of them: every
 * list is a part of the result in its order, and nothing of the result could be left out.
 */
export function combineActions(lists: readonly (readonly DisruptionAction[])[]): readonly DisruptionAction[] {
  const asked = lists.map((list) => list.filter(({ type }) => type !== 'None'));
  if (asked.some((list) => list.some(({ type }) => type === 'Reboot'))) return [{ type: 'Reboot' }];
  const kept: (readonly DisruptionAction[])[] = [];
  let combined: readonly DisruptionAction[] = [];
  for (const list of asked) {
    if (kept.some((other) => isWithin(list, other))) continue;
    // Also one that is in its order already: what a later list makes needless may be what it stands on.
    kept.push(list);
    if (!isWithin(list, combined)) combined = withoutNeedless([...combined, ...list], kept);
  }
  return combined.length === 0 ? [{ type: 'None' }] : combined;
}

/** Whether all of a list are in another one in their order. */
function isWithin(list: readonly DisruptionAction[], other: readonly DisruptionAction[]): boolean {
  let found = 0;
  for (const action of other) {
    if (found < list.length && isDeepStrictEqual(action, list[found])) found += 1;
  }
  return found === list.length;
}

function withoutNeedless(
  combined: readonly DisruptionAction[],
  lists: readonly (readonly DisruptionAction[])[],
): readonly DisruptionAction[] {
  let result = combined;
  for (let index = 0; index < result.length;) {
    const fewer = result.toSpliced(index, 1);
    if (lists.every((list) => isWithin(list, fewer))) result = fewer;
    else index += 1;
  }
  return result;
}
