import type { JsonObject } from '../json.ts';
import { CelError } from './errors.ts';

/** A value of an expression. Whole numbers are bigint (int) or {@link Uint}; number is CEL's double. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | CelList
  | CelMap
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque;

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A moment, in nanoseconds since 1970, and the time zone in which it was written, in minutes east of UTC. */
export class Timestamp {
  readonly nanoseconds: bigint;
  readonly offset: number;

  constructor(nanoseconds: bigint, offset = 0) {
    this.nanoseconds = nanoseconds;
    this.offset = offset;
  }
}

/** A span of time, in nanoseconds. */
export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** A type as a value: what `type(x)` gives, and `int`, `string` name. */
export class TypeValue {
  readonly typeName: string;

  constructor(typeName: string) {
    this.typeName = typeName;
  }
}

export class Optional {
  static readonly NONE: Optional = new Optional(undefined);
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A value that only its library looks into: an address, a quantity, a URL. */
export class Opaque<T = unknown> {
  readonly typeName: string;
  readonly content: T;
  /** Whether two of this type are the same. */
  readonly equals: (other: T) => boolean;

  constructor(typeName: string, content: T, equals: (other: T) => boolean) {
    this.typeName = typeName;
    this.content = content;
    this.equals = equals;
  }
}

/** How lists are compared and added: by position, as sets, or by the keys of their items (x-kubernetes-list-type). */
export type ListSemantics =
  | { readonly kind: 'atomic' }
  | { readonly kind: 'set' }
  | { readonly kind: 'map'; readonly keys: readonly string[] };

const ATOMIC: ListSemantics = { kind: 'atomic' };

/** A list whose items are made when they are asked for. */
export abstract class CelList {
  abstract readonly size: number;
  readonly semantics: ListSemantics;

  constructor(semantics: ListSemantics = ATOMIC) {
    this.semantics = semantics;
  }

  abstract at(index: number): CelValue;

  *[Symbol.iterator](): Generator<CelValue, void> {
    for (let index = 0; index < this.size; index += 1) yield this.at(index);
  }
}

/** A list that an expression made. */
export class ArrayList extends CelList {
  readonly #items: readonly CelValue[];

  constructor(items: readonly CelValue[], semantics?: ListSemantics) {
    super(semantics);
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): CelValue {
    const item = this.#items[index];
    if (item === undefined) throw new CelError(`index out of bounds: ${index}`);
    return item;
  }
}

/** A map, or an object of a schema, whose fields are its keys. */
export abstract class CelMap {
  abstract readonly size: number;
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): CelValue[];

  /** What expressions cannot see, but equality does: members of an object that its schema does not name. */
  get hidden(): JsonObject {
    return {};
  }

  /** What tells this from other items of a list of type map, under one of its keys. */
  identity(name: string): string {
    return String(canonicalKey(this.get(name) ?? null));
  }
}

/** A map that an expression made. */
export class EntryMap extends CelMap {
  readonly #entries = new Map<unknown, readonly [CelValue, CelValue]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: CelValue): CelValue | undefined {
    return this.#entries.get(canonicalKey(key))?.[1];
  }

  keys(): CelValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  /** @throws CelError if the key is there already, or is none that a map can have */
  insert(key: CelValue, value: CelValue): void {
    const canonical = canonicalKey(key);
    if (canonical === undefined) throw new CelError(`unsupported key type: ${typeNameOf(key)}`);
    if (this.#entries.has(canonical))
      throw new CelError(`insert failed: key ${String(canonical)} already exists`);
    this.#entries.set(canonical, [key, value]);
  }
}

/** Numbers of all types that are equal are one key. */
export function canonicalKey(key: CelValue): string | bigint | boolean | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean' || typeof key === 'bigint') return key;
  if (key instanceof Uint) return key.value;
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : undefined;
}

/** The name of a value's type, as `type(x)` and messages have it. */
export function typeNameOf(value: CelValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<CelValue, boolean | bigint | number | string>): string {
  if (value === null) return 'null_type';
  if (value instanceof Uint) return 'uint';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelMap) return 'map';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Optional) return 'optional_type';
  return value instanceof Opaque ? value.typeName : 'bytes';
}
