import type { JsonObject } from '../../schema/index.ts';
import type { StatusError } from '../status/index.ts';

/** What a review answers: itself with a status, or why not. */
export type Reviewed = { readonly object: JsonObject } | { readonly refusal: StatusError };

/** Only the members that say something, as Go's `omitempty` leaves the others out. */
export function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([, value]) => value !== '' && value !== false && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
