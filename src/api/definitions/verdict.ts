import { compileRules, validate } from '../../schema/engine.ts';
import { applyDefaults, copyObject, prune } from '../../schema/index.ts';
import type { FieldError, JsonObject, Schema } from '../../schema/index.ts';

/** What an API server says of an object. */
export interface Verdict {
  /** None, if it is accepted. Sorted, as text: field, reason, message. */
  readonly errors: readonly string[];
  /** The object as it is stored. */
  readonly stored: JsonObject;
}

/** For tests: judges a create or, with the stored object before it, an update. */
export type Judge = (object: JsonObject, old?: JsonObject) => Verdict;

/** The judge that an API server with this schema is. */
export function judge(schema: Schema): Judge {
  const rules = compileRules(schema);
  return (object, old) => {
    const stored = copyObject(object);
    prune(schema, stored);
    applyDefaults(schema, stored);
    const wrong = validate(schema, stored, { old });
    return { errors: [...wrong, ...rules.validate(stored, old, wrong)].map(describe).sort(), stored };
  };
}

function describe({ field, reason, message }: FieldError): string {
  return `${field} ${reason} ${message}`;
}
