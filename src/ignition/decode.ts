import { itemsOf, keysOf, literalOf, shapeOf, valuesOf } from './json-tree.ts';
import type { Field, StructSpec } from './spec.ts';

/** The first value of a wrong type: the real tool's wording, and where it stands. */
export interface TypeFailure {
  readonly message: string;
  /** The keys as they were written, and indexes. */
  readonly path: readonly (string | number)[];
  /** The object or array that holds the value, and its index there; undefined for the document itself. */
  readonly holder: unknown;
  readonly index: number;
}

export interface Decoded {
  readonly value: Readonly<Record<string, unknown>>;
  readonly failure: TypeFailure | undefined;
}

type Target = Record<string, unknown>;

/**
 * Decodes input into the structs of a spec with the rules of Go's encoding/json (host-contract §8.2): keys match
 * case-insensitively, unknown keys are skipped, null leaves a member unset, a duplicate key decodes on top of what the
 * first one left, the first type error is kept and the rest is decoded still.
 */
export function decode(root: StructSpec, input: unknown): Decoded {
  const shape = shapeOf(input);
  if (shape !== 'object' && shape !== 'null') {
    const message = `json: cannot unmarshal ${shape} into Go value of type util.${root.name}`;
    return { value: {}, failure: { message, path: [], holder: undefined, index: 0 } };
  }
  const decoder = new Decoder();
  const value = decoder.struct(root, input, {});
  return { value, failure: decoder.failure };
}

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

class Decoder {
  failure: TypeFailure | undefined;
  readonly #names: string[] = [];
  readonly #path: (string | number)[] = [];

  struct(spec: StructSpec, input: unknown, into: Target): Target {
    const keys = keysOf(input);
    const values = valuesOf(input);
    for (let i = 0; i < keys.length; i++) {
      const field = spec.byName.get(foldCase(keys[i] ?? ''));
      if (field === undefined) continue;
      this.#names.push(field.name);
      this.#path.push(keys[i] ?? '');
      this.#field(spec, field, { holder: input, index: i, value: values[i] }, into);
      this.#names.pop();
      this.#path.pop();
    }
    for (const field of spec.fields) {
      if (field.required === true) into[field.name] ??= '';
      else if (field.name === 'ignition') into[field.name] ??= { version: '' };
    }
    return into;
  }

  #field(owner: StructSpec, field: Field, place: Place, into: Target): void {
    if (shapeOf(place.value) === 'null') {
      const keeps =
        field.list !== true && (field.plain === true || (field.kind === 'struct' && field.nullable !== true));
      if (!keeps) delete into[field.name];
      return;
    }
    const before = into[field.name];
    const value =
      field.list === true ? this.#list(owner, field, place, before) : this.#one(owner, field, place, before);
    if (value === undefined) return;
    if (isEmpty(value) && field.nullable !== true) delete into[field.name];
    else into[field.name] = value;
  }

  #list(owner: StructSpec, field: Field, place: Place, before: unknown): unknown {
    if (shapeOf(place.value) !== 'array') {
      this.#fail(owner, place, field.goListType ?? `[]${field.goType}`);
      return undefined;
    }
    const old = itemsOf(before);
    return itemsOf(place.value).map((value, index) => {
      const entry: Place = { holder: place.value, index, value };
      this.#path.push(index);
      const one = this.#one(owner, field, entry, old[index]);
      this.#path.pop();
      return one ?? old[index] ?? this.#zero(field);
    });
  }

  #one(owner: StructSpec, field: Field, place: Place, before: unknown): unknown {
    const shape = shapeOf(place.value);
    if (field.of !== undefined) {
      if (shape === 'object') return this.struct(field.of, place.value, { ...(before as Target) });
    } else if (field.kind === 'int') {
      if (shape === 'number' && isInt64(literalOf(place.value))) return Number(literalOf(place.value));
    } else if (field.kind === shape) {
      return place.value;
    }
    if (shape !== 'null') this.#fail(owner, place, field.goType);
    return undefined;
  }

  #zero(field: Field): unknown {
    return field.of === undefined ? '' : this.struct(field.of, {}, {});
  }

  #fail(owner: StructSpec, place: Place, goType: string): void {
    const shape = shapeOf(place.value);
    const shown = shape === 'number' && goType === 'int' ? `number ${literalOf(place.value)}` : shape;
    this.failure ??= {
      message: `json: cannot unmarshal ${shown} into Go struct field ${owner.name}.${this.#names.join('.')} of type ${goType}`,
      path: [...this.#path],
      holder: place.holder,
      index: place.index,
    };
  }
}

interface Place {
  readonly holder: unknown;
  readonly index: number;
  readonly value: unknown;
}

/** Go folds two further characters onto ASCII letters: the long s and the Kelvin sign (which lower-cases to k). */
function foldCase(key: string): string {
  return key.toLowerCase().replaceAll('ſ', 's');
}

function isInt64(literal: string): boolean {
  if (!/^-?\d+$/.test(literal)) return false;
  if (literal.length < 16) return true;
  const value = BigInt(literal);
  return value >= INT64.min && value <= INT64.max;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object' || value === null) return false;
  for (const _ in value) return false;
  return true;
}
