import { FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';

/**
 * The set with the declared members that its paths go through as members too: whoever owns `.spec.size` keeps `.spec`. Keys of
 * maps are not declared, so they are not added.
 */
export function withNamedFields(type: FieldType | undefined, set: FieldSet): FieldSet {
  const members = new Set(set.members);
  const children: [string, FieldSet][] = [];
  for (const [step, child] of set.children) {
    if (step.startsWith('f:')) {
      const name = step.slice(2);
      const declared = type?.map?.fields.get(name);
      if (declared !== undefined) members.add(step);
      children.push([step, withNamedFields(declared ?? type?.map?.others, child)]);
    } else {
      children.push([step, withNamedFields(step.startsWith('k:') ? type?.list?.items : undefined, child)]);
    }
  }
  return FieldSet.from(members, children);
}
