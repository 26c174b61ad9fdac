import { formatTime } from '../schema/index.ts';

/** What a controller finds about one object: the part of a condition that it decides. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** In one word for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** A condition as it is stored: with the time since when its status is what it is. */
export interface StoredCondition extends Condition {
  readonly lastTransitionTime: string;
}

/** A condition as another client may have left it; the kinds that predate metav1's promise no member. */
interface FoundCondition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string | null;
}

/**
 * The conditions of an object after news. Conditions that the news does not speak of stay as they are and where they
 * are; a time changes only with the status (metav1.Condition). If nothing is new the very list that was given comes
 * back, so that a caller can see that there is nothing to write.
 *
 * @param news the last one of a type counts
 */
export function mergeConditions<Found extends FoundCondition>(
  found: readonly Found[],
  news: readonly Condition[],
  now: Date,
): readonly (Found | StoredCondition)[] {
  const newest = new Map(news.map((condition) => [condition.type, condition]));
  const merged: (Found | StoredCondition)[] = [];
  const seen = new Set<string>();
  for (const old of found) {
    const type = old.type ?? '';
    if (seen.has(type)) continue;
    seen.add(type);
    const condition = newest.get(type);
    merged.push(condition === undefined ? old : replace(old, condition, now));
  }
  for (const condition of newest.values()) {
    if (!seen.has(condition.type)) merged.push(store(condition, formatTime(now.getTime())));
  }
  const isSame = merged.length === found.length && merged.every((condition, at) => condition === found[at]);
  return isSame ? found : merged;
}

/** The condition of a type; the first, if there are more. */
export function findCondition<Found extends FoundCondition>(
  found: readonly Found[] | undefined,
  type: string,
): Found | undefined {
  return found?.find((condition) => condition.type === type);
}

/** Whether the condition of this type is `True`. */
export function isConditionTrue(found: readonly FoundCondition[] | undefined, type: string): boolean {
  return findCondition(found, type)?.status === 'True';
}

function replace<Found extends FoundCondition>(
  old: Found,
  news: Condition,
  now: Date,
): Found | StoredCondition {
  const since = old.status === news.status ? (old.lastTransitionTime ?? undefined) : undefined;
  const isSame = since !== undefined && old.reason === news.reason && old.message === news.message;
  return isSame ? old : store(news, since ?? formatTime(now.getTime()));
}

function store({ type, status, reason, message }: Condition, lastTransitionTime: string): StoredCondition {
  return { type, status, lastTransitionTime, reason, message };
}
