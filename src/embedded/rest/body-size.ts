import { tooLarge } from '../status/index.ts';
import type { Json } from '../../schema/index.ts';

/**
 * The most values that a body may have, members and items at any depth. Each is looked at by a dozen of passes while all other
 * clients wait; the largest objects of Kubernetes have a fifth of it.
 */
const MAX_VALUES = 50_000;

/**
 * @param bytes of the text, of which each value takes two at least
 * @throws StatusError 413
 */
export function checkValueCount(value: Json, bytes: number): void {
  if (bytes <= 2 * MAX_VALUES) return;
  const open: Json[] = [value];
  let count = 1;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const members = Array.isArray(next) ? next : Object.values(next);
    count += members.length;
    if (count > MAX_VALUES) throw tooLarge(`limit is ${MAX_VALUES} values`);
    for (const member of members) if (typeof member === 'object' && member !== null) open.push(member);
  }
}
