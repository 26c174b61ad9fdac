import { compareText } from '../../ignition/index.ts';
import type { FieldSet } from './field-set.ts';
import { type Manager, type Owners, type Ownership } from './managers.ts';
import { printPath } from './path-element.ts';

/** Fields that an apply would change and another manager owns, by the manager's id. */
export type Conflicts = ReadonlyMap<string, { readonly owner: Ownership; readonly fields: FieldSet }>;

/** A cause of a 409 Conflict; its reason is `FieldManagerConflict`. */
export interface ConflictCause {
  /** `conflict with "kubectl-edit" using v1`. */
  readonly message: string;
  /** `.spec.entries[key="k1"].value`. */
  readonly field: string;
}

/** Whose fields these changes would take, the writer's own excepted. */
export function conflictsOf(owners: Owners, writerId: string, changed: FieldSet): Conflicts {
  const conflicts = new Map<string, { owner: Ownership; fields: FieldSet }>();
  const others = [...owners]
    .filter(([id]) => id !== writerId)
    .sort(([one], [other]) => compareText(one, other));
  for (const [id, owner] of others) {
    const fields = owner.fields.intersection(changed);
    if (!fields.isEmpty) conflicts.set(id, { owner, fields });
  }
  return conflicts;
}

/** Those of the conflicts whose fields are not all in this set; undefined if none is left. */
export function conflictsBeyond(conflicts: Conflicts, allowed: FieldSet): Conflicts | undefined {
  const left = new Map<string, { owner: Ownership; fields: FieldSet }>();
  for (const [id, { owner, fields }] of conflicts) {
    const remaining = fields.difference(allowed);
    if (!remaining.isEmpty) left.set(id, { owner, fields: remaining });
  }
  return left.size === 0 ? undefined : left;
}

/** The message and causes of the 409, in Kubernetes' words. */
export function describeConflicts(conflicts: Conflicts): {
  readonly message: string;
  readonly causes: readonly ConflictCause[];
} {
  const causes: ConflictCause[] = [];
  const lines: string[] = [];
  for (const { owner, fields } of conflicts.values()) {
    const manager = printManager(owner);
    lines.push(`conflicts with ${manager}:`);
    for (const path of fields.paths()) {
      const field = printPath(path);
      causes.push({ message: `conflict with ${manager}`, field });
      lines.push(`- ${field}`);
    }
  }
  const [first, ...others] = causes;
  const message =
    first !== undefined && others.length === 0
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
  return { message, causes };
}

function printManager({ name, operation, apiVersion, subresource }: Manager): string {
  const below = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const using = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(name)}${below}${using}`;
}
