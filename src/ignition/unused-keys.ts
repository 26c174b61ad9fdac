import type { Findings } from './report.ts';
import { itemsOf, keysOf, memberOf, shapeOf } from './json-tree.ts';
import type { StructSpec } from './spec.ts';

/**
 * Warns about keys no struct of the spec has. Names must match exactly here, although decoding ignores case: `Path` is
 * taken for `path` and reported (host-contract §8.2).
 */
export function reportUnusedKeys(
  spec: StructSpec,
  input: unknown,
  decoded: unknown,
  findings: Findings,
): void {
  if (shapeOf(input) !== 'object') {
    const place = ['$', ...findings.path].join('.');
    findings.warn(
      `context tree does not match content tree at ${place}. Line and column reporting may be inconsistent. Unused keys may not be reported`,
    );
    return;
  }
  for (const key of new Set(keysOf(input))) {
    if (spec.byName.get(key.toLowerCase())?.name !== key) findings.unusedKey(key);
  }
  for (const field of spec.fields) {
    if (field.of === undefined) continue;
    const member = memberOf(input, field.name);
    if (member === undefined || (member === null && field.nullable === true)) continue;
    const value = (decoded as Readonly<Record<string, unknown>> | undefined)?.[field.name];
    findings.path.push(field.name);
    if (field.list === true) reportUnusedInList(field.of, itemsOf(member), itemsOf(value), findings);
    else reportUnusedKeys(field.of, member, value, findings);
    findings.path.pop();
  }
}

/** A list is as long as the decoded one: that differs where `files` and `FILES` were both given. */
function reportUnusedInList(
  of: StructSpec,
  items: readonly unknown[],
  values: readonly unknown[],
  findings: Findings,
): void {
  for (const [index, value] of values.entries()) {
    if (index >= items.length) return;
    findings.path.push(index);
    reportUnusedKeys(of, items[index], value, findings);
    findings.path.pop();
  }
}
