import { compileRules, validate } from '../../schema/engine.ts';
import { applyDefaults, copyObject, prune } from '../../schema/index.ts';
import type { FieldError, JsonObject, Schema } from '../../schema/index.ts';

/** For tests: what an API server that has this schema says of an object. */
export interface Judge {
  /** The errors of a create or, with the object before it, of an update; none if it is accepted. Sorted, as text. */
  errors(object: JsonObject, old?: JsonObject): readonly string[];
  /** The object as it would be stored. */
  stored(object: JsonObject): JsonObject;
}

export function judge(schema: Schema): Judge {
  const rules = compileRules(schema);
  return {
    errors(object, old) {
      const stored = this.stored(object);
      const wrong = validate(schema, stored, { old });
      return [...wrong, ...rules.validate(stored, old, wrong)].map(describe).sort();
    },
    stored(object) {
      const copy = copyObject(object);
      prune(schema, copy);
      applyDefaults(schema, copy);
      return copy;
    },
  };
}

function describe({ field, reason, message }: FieldError): string {
  return `${field} ${reason} ${message}`;
}
