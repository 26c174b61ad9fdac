import { fieldProblem } from './api-error.ts';
import { formatField } from './field-path.ts';
import type { FieldProblem } from './api-error.ts';
import type { FieldPath } from './field-path.ts';
import type { JsonObject, JsonValue } from '../ignition/index.ts';
import { isJsonObject } from '../schema/index.ts';

/** Far more than anyone reads, and a bound for hostile input. */
const MAX_PROBLEMS = 20;

/** Collects what is wrong with one object while its decoder reads on. */
export class Problems {
  readonly #found: FieldProblem[] = [];

  get found(): readonly FieldProblem[] {
    return this.#found;
  }

  add(field: FieldPath, message: string): void {
    this.#push(fieldProblem(field, message));
  }

  /** In the words of kubectl's strict validation. */
  addUnknown(field: FieldPath): void {
    this.#push({ field, message: `unknown field ${JSON.stringify(formatField(field))}` });
  }

  #push(problem: FieldProblem): void {
    if (this.#found.length < MAX_PROBLEMS) this.#found.push(problem);
  }
}

/**
 * Reads the members of one JSON object by name and type. A member that is `null` counts as absent, as the API
 * server has it for nullable fields. What is wrong goes to `problems` and reads as absent.
 */
export class ObjectReader {
  readonly path: FieldPath;
  readonly problems: Problems;
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #known = new Set<string>();

  private constructor(members: ReadonlyMap<string, unknown>, path: FieldPath, problems: Problems) {
    this.#members = members;
    this.path = path;
    this.problems = problems;
  }

  /** @returns undefined, with a problem noted, if the value is no object */
  static of(value: unknown, path: FieldPath, problems: Problems): ObjectReader | undefined {
    if (isJsonObject(value)) return new ObjectReader(new Map(Object.entries(value)), path, problems);
    problems.add(path, `expected an object, received ${describeType(value)}`);
    return undefined;
  }

  field(key: string): FieldPath {
    return [...this.path, key];
  }

  /** The member as it is; undefined if absent or null. */
  value(key: string): unknown {
    this.#known.add(key);
    return this.#members.get(key) ?? undefined;
  }

  string(key: string): string | undefined {
    return this.#typed(key, isString, 'a string');
  }

  boolean(key: string): boolean | undefined {
    return this.#typed(key, isBoolean, 'true or false');
  }

  json(key: string): JsonObject | undefined {
    return this.#typed(key, isJsonObject, 'an object');
  }

  object(key: string): ObjectReader | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : ObjectReader.of(value, this.field(key), this.problems);
  }

  /** @param check says what is wrong with the text, or undefined */
  requiredString(key: string, check?: (text: string) => string | undefined): string {
    return this.#isMissing(key) ? '' : (this.optionalString(key, check) ?? '');
  }

  optionalString(key: string, check?: (text: string) => string | undefined): string | undefined {
    const text = this.string(key);
    const problem = text === undefined ? undefined : check?.(text);
    if (problem !== undefined) this.problems.add(this.field(key), problem);
    return text;
  }

  /** One of a closed set of words; the first of them after a problem. */
  requiredOneOf<const T extends string>(key: string, words: readonly [T, ...T[]]): T {
    return this.#isMissing(key) ? words[0] : (this.oneOf(key, words) ?? words[0]);
  }

  oneOf<const T extends string>(key: string, words: readonly [T, ...T[]]): T | undefined {
    const text = this.string(key);
    const word = words.find((candidate) => candidate === text);
    if (text !== undefined && word === undefined) {
      const expected = words.map((candidate) => JSON.stringify(candidate)).join(', ');
      this.problems.add(
        this.field(key),
        `expected one of ${expected}, received ${JSON.stringify(text.slice(0, 100))}`,
      );
    }
    return word;
  }

  requiredObject(key: string): ObjectReader | undefined {
    return this.#isMissing(key) ? undefined : this.object(key);
  }

  strings(key: string): readonly string[] | undefined {
    return this.list(key, (item, path) => {
      if (typeof item === 'string') return item;
      this.problems.add(path, `expected a string, received ${describeType(item)}`);
      return undefined;
    });
  }

  /** A list whose items `read` decodes; items that it gives up on are left out. */
  list<T>(key: string, read: (item: unknown, path: FieldPath) => T | undefined): readonly T[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!isList(value)) {
      this.problems.add(this.field(key), `expected a list, received ${describeType(value)}`);
      return undefined;
    }
    const items = value.map((item, index) => read(item, [...this.path, key, index]));
    return items.filter((item) => item !== undefined);
  }

  /** A list of objects. */
  objects<T>(key: string, read: (item: ObjectReader) => T): readonly T[] | undefined {
    return this.list(key, (item, path) => {
      const reader = ObjectReader.of(item, path, this.problems);
      if (reader === undefined) return undefined;
      const decoded = read(reader);
      reader.end();
      return decoded;
    });
  }

  /** The rules of a list with at most `max` items that differ in their `member`; `keys` has the items' values of it. */
  checkList(key: string, keys: readonly string[], member: string, max: number): void {
    if (keys.length > max)
      this.problems.add(this.field(key), `must have at most ${max} items, has ${keys.length}`);
    for (const [index, value] of keys.entries()) {
      if (keys.indexOf(value) < index) {
        this.problems.add([...this.path, key, index, member], `duplicate value ${JSON.stringify(value)}`);
      }
    }
  }

  /** A map of strings, for example labels. */
  stringMap(key: string): Readonly<Record<string, string>> | undefined {
    const value = this.json(key);
    if (value === undefined) return undefined;
    const entries: [string, string][] = [];
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string') entries.push([name, member]);
      else {
        const hint = typeof member === 'object' ? '' : '; put it in quotes';
        this.problems.add(
          [...this.path, key, name],
          `expected a string, received ${describeType(member)}${hint}`,
        );
      }
    }
    return Object.fromEntries(entries);
  }

  /** Those of the named members that are present, as they are. */
  members(keys: readonly string[]): JsonObject {
    const entries: [string, JsonValue][] = [];
    for (const key of keys) {
      const value = this.#typed(key, isJsonValue, 'a JSON value');
      if (value !== undefined) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }

  /** Reports the members that nobody has asked for. */
  end(): void {
    for (const key of this.#members.keys()) {
      if (!this.#known.has(key)) this.problems.addUnknown(this.field(key));
    }
  }

  #isMissing(key: string): boolean {
    if (this.value(key) !== undefined) return false;
    this.problems.add(this.field(key), 'required, but missing');
    return true;
  }

  #typed<T>(key: string, is: (value: unknown) => value is T, expected: string): T | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (is(value)) return value;
    this.problems.add(this.field(key), `expected ${expected}, received ${describeType(value)}`);
    return undefined;
  }
}

/** The type of a value for a message. Never the value: it may be a secret. */
export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isJsonValue(value: unknown): value is JsonValue {
  return ['string', 'number', 'boolean', 'object'].includes(typeof value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
