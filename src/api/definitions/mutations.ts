import { copyJson, isJsonObject } from '../../schema/index.ts';
import { oddTexts } from './texts.ts';
import type { Json, JsonObject, Schema } from '../../schema/index.ts';

/** One change of an object, for tests. */
export interface Mutation {
  /** For messages: where and what. */
  readonly name: string;
  readonly path: Path;
  /** A changed copy of the object. */
  readonly apply: (object: JsonObject) => JsonObject;
}

type Path = readonly (string | number)[];

/**
 * As much of an object as a place needs: what leads there, what is required or small beside it, and what is in it. The objects of
 * some kinds are large.
 */
export function around(schema: Schema, object: JsonObject, path: Path): JsonObject {
  const part = partAround(schema, object, path, true);
  return isJsonObject(part) ? part : object;
}

function partAround(schema: Schema, value: Json, [step, ...rest]: Path, isRoot = false): Json {
  if (step === undefined) return value;
  const { items = {}, properties = {}, required = [] } = schema;
  if (Array.isArray(value)) return value.map((item) => partAround(items, item, rest));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([name, member]) => name === step || required.includes(name) || isSmall(member, isRoot),
  );
  return Object.fromEntries(
    kept.map(([name, member]) => {
      const own = properties[name] ?? {};
      if (name === step) return [name, partAround(own, member, rest)];
      return [name, own.nullable === true ? null : member];
    }),
  );
}

/** Of the members of a whole object, what has few characters of JSON; further in, what is no object and no list. */
function isSmall(member: Json, isRoot: boolean): boolean {
  return isRoot ? JSON.stringify(member).length < 500 : typeof member !== 'object';
}

/** Every change of one place of an object that its schema has something to say about. */
export function mutationsOf(schema: Schema, object: JsonObject): readonly Mutation[] {
  return [...changes(schema, object, [])];
}

const OTHER_TYPES: readonly Json[] = [null, true, 'text', 1, 1.5, 2 ** 40, [], {}];

function* changes(schema: Schema, value: Json, path: Path): Generator<Mutation> {
  for (const other of OTHER_TYPES) yield replacement(path, other);
  if (typeof value === 'string') {
    for (const text of oddTexts(schema)) yield replacement(path, text);
  } else if (typeof value === 'number') {
    const { minimum = 0, maximum = 2 ** 31 - 1 } = schema;
    for (const bound of [minimum, value, maximum]) {
      for (const near of [bound - 1, bound, bound + 1]) yield replacement(path, near);
    }
  } else if (Array.isArray(value)) {
    yield* listChanges(schema, value, path);
  } else if (isJsonObject(value)) {
    yield* objectChanges(schema, value, path);
  }
}

function* listChanges({ items = {}, maxItems = 3 }: Schema, list: Json[], path: Path): Generator<Mutation> {
  const [first] = list;
  if (first !== undefined) {
    yield replacement(path, [...list, copyJson(first)], 'twice the same');
    for (const length of [maxItems, maxItems + 1]) {
      const distinct = Array.from({ length }, (_, index) => relabelled(first, index));
      yield replacement(path, distinct, `${length} items`);
    }
  }
  if (typeof first === 'string') {
    for (const other of ['10.0.0.2', 'fd00::1']) yield replacement(path, ['10.0.0.1', other]);
  } else if (isJsonObject(first)) {
    for (const [name, { enum: words = [] }] of Object.entries(items.properties ?? {})) {
      for (const word of words) {
        yield replacement(
          path,
          [...list, { ...first, [name]: word }],
          `and one with ${name} ${describe(word)}`,
        );
      }
    }
  }
  yield replacement(path, list.toReversed(), 'another order');
  for (const [index, item] of list.entries()) {
    yield replacement(path, list.toSpliced(index, 1), `without ${index}`);
    yield* changes(items, item, [...path, index]);
  }
}

function* objectChanges(schema: Schema, object: JsonObject, path: Path): Generator<Mutation> {
  yield replacement([...path, 'surplus'], 'x');
  const { additionalProperties, properties = {} } = schema;
  for (const [name, member] of Object.entries(object)) {
    const { [name]: _, ...others } = object;
    yield replacement(path, others, `without ${name}`);
    const own =
      properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (own !== undefined) yield* changes(own, member, [...path, name]);
  }
}

/** An item with other texts: with luck one that a list with keys takes beside the first. */
function relabelled(item: Json, index: number): Json {
  if (typeof item === 'string') return index === 0 ? item : `${item}${index}`;
  if (!isJsonObject(item)) return item;
  const entries = Object.entries(item).map(([name, member]) => [
    name,
    typeof member === 'string' ? relabelled(member, index) : copyJson(member),
  ]);
  return Object.fromEntries(entries) as JsonObject;
}

function replacement(path: Path, value: Json, what = describe(value)): Mutation {
  return {
    path,
    name: `${path.join('.')}: ${what}`,
    apply(object) {
      const changed = replaced(object, path, value);
      return isJsonObject(changed) ? changed : object;
    },
  };
}

function describe(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text;
}

/** A copy in which one place has another value; what is not on the way to it is shared. */
function replaced(value: Json, [step, ...rest]: Path, by: Json): Json {
  if (step === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, index) => (index === step ? replaced(item, rest, by) : item));
  return isJsonObject(value) ? { ...value, [step]: replaced(value[step] ?? null, rest, by) } : value;
}
