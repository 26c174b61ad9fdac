import type { JsonObject } from '../../schema/index.ts';
import { FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import type { Owners } from './managers.ts';
import { withNamedFields } from './named-fields.ts';
import { removeFields } from './remove.ts';

/**
 * Removes what an applier applied last time, does not apply now and no one else owns (structured-merge-diff, merge/update.go).
 * Taking all that it applied last time may take containers along that hold other things, so in two steps those come back:
 * first what anyone owns now, then what the applier never owned.
 *
 * @param merged - the live object with the new applied one laid over it
 * @param owners - with the applier's new fields
 * @param last - the fields that the applier owned before
 */
export function pruneAbandoned(
  type: FieldType,
  merged: JsonObject,
  owners: Owners,
  last: FieldSet,
): JsonObject {
  if (last.isEmpty) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(type, set);
  const lastFields = named(last);
  const mergedFields = named(fieldsOf(type, merged));

  const bare = removeFields(type, merged, lastFields);
  let owned = new FieldSet();
  for (const { fields } of owners.values()) owned = owned.union(fields);
  const keep = named(fieldsOf(type, bare)).union(named(owned));
  const withOwned = removeFields(type, merged, mergedFields.difference(keep));

  const gone = mergedFields.difference(named(fieldsOf(type, withOwned)));
  return removeFields(type, merged, gone.intersection(lastFields));
}
