import type { Json } from './json.ts';
import type { Schema, ValidationRule } from './schema.ts';

declare const STATIC: unique symbol;

/** A structural schema that knows the type of the values it accepts. The type exists at compile time only. */
export interface Typed<out T> extends Schema {
  readonly [STATIC]?: T;
}

/** The type of the values that a schema accepts, as a server stores them: defaults are filled in. */
export type Static<S> = S extends { readonly [STATIC]?: infer T } ? T : never;

/** Any JSON value, as a reader sees it. */
type ReadonlyJson = null | boolean | number | string | readonly ReadonlyJson[] | ReadonlyJsonObject;

export interface ReadonlyJsonObject {
  readonly [key: string]: ReadonlyJson;
}

/** A schema whose member a server fills in where a request leaves it out. */
export interface Defaulted<T> extends Typed<T> {
  readonly default: Json;
}

type Members = Readonly<Record<string, Typed<unknown>>>;

/** Names of the members that every stored object has. */
type PresentIn<M, R> = {
  [K in keyof M]: K extends R ? K : M[K] extends { readonly default: Json } ? K : never;
}[keyof M];

type Simplified<T> = { [K in keyof T]: T[K] };

type ObjectOf<M, R> = Simplified<
  { readonly [K in PresentIn<M, R>]: Static<M[K]> } & {
    readonly [K in Exclude<keyof M, PresentIn<M, R>>]?: Static<M[K]>;
  }
>;

/** Names of the members that can identify a list's item: scalars that every item has. */
type KeyOf<T> = string &
  {
    [K in keyof T]-?: Record<string, never> extends Pick<T, K>
      ? never
      : T[K] extends string | number | boolean
        ? K
        : never;
  }[keyof T];

interface Options {
  /** What `kubectl explain` shows. */
  readonly description?: string;
  /** Rules in CEL. */
  readonly rules?: readonly ValidationRule[];
}

interface StringOptions extends Options {
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: 'uri';
}

interface NumberOptions extends Options {
  readonly minimum?: number;
  readonly maximum?: number;
}

interface ListOptions extends Options {
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface MapOptions extends Options {
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

interface ObjectOptions<R extends string> extends MapOptions {
  readonly required?: readonly R[];
  /** Server-side apply takes the object as one value. */
  readonly atomic?: boolean;
  /** The value is a whole Kubernetes object: apiVersion, kind and metadata are checked and kept. */
  readonly embeddedResource?: boolean;
}

/** What the API server accepts for `resource.Quantity`. */
const QUANTITY =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

/**
 * Makes structural schemas: each maker returns the plain JSON that a CustomResourceDefinition holds, with the type of
 * the values it accepts. What the API server would refuse as not structural cannot be written.
 */
export const k = {
  string(options: StringOptions = {}): Typed<string> {
    return made({ type: 'string' }, options);
  },

  /** One of a closed set of words. */
  enum<const W extends string>(words: readonly [W, ...W[]], options: StringOptions = {}): Typed<W> {
    return made({ type: 'string', enum: words }, options);
  },

  /** A time as in RFC 3339. */
  dateTime(options: Options = {}): Typed<string> {
    return made({ type: 'string', format: 'date-time' }, options);
  },

  /** Octets, in base64. */
  bytes(options: Options = {}): Typed<string> {
    return made({ type: 'string', format: 'byte' }, options);
  },

  boolean(options: Options = {}): Typed<boolean> {
    return made({ type: 'boolean' }, options);
  },

  int32(options: NumberOptions = {}): Typed<number> {
    return made({ type: 'integer', format: 'int32' }, options);
  },

  int64(options: NumberOptions = {}): Typed<number> {
    return made({ type: 'integer', format: 'int64' }, options);
  },

  intOrString(options: Options = {}): Typed<number | string> {
    return made(INT_OR_STRING, options);
  },

  /** An amount, for example `8192` or `10Gi`. */
  quantity(options: Options = {}): Typed<number | string> {
    return made({ ...INT_OR_STRING, pattern: QUANTITY }, options);
  },

  /** An object with these members and no other: what is not named is pruned. */
  object<const M extends Members, const R extends keyof M & string = never>(
    properties: M,
    options: ObjectOptions<R> = {},
  ): Typed<ObjectOf<M, R>> {
    const { required = [], atomic = false, embeddedResource = false, ...others } = options;
    return made(
      {
        type: 'object',
        ...(required.length === 0 ? {} : { required }),
        ...(Object.keys(properties).length === 0 ? {} : { properties }),
        ...(atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
        ...(embeddedResource ? { 'x-kubernetes-embedded-resource': true } : {}),
      },
      others,
    );
  },

  /** An object of which nothing is checked and everything kept. */
  preserveUnknown(options: Options = {}): Typed<ReadonlyJsonObject> {
    return made({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, options);
  },

  /** An object with members of any name and one type. */
  map<T>(values: Typed<T>, options: MapOptions = {}): Typed<Readonly<Record<string, T>>> {
    return made({ type: 'object', additionalProperties: values }, options);
  },

  /** A list that server-side apply takes as one value. */
  list<T>(items: Typed<T>, options: ListOptions = {}): Typed<readonly T[]> {
    return made({ type: 'array', items, 'x-kubernetes-list-type': 'atomic' }, options);
  },

  /** A list without duplicates, in which each item has its own owner. */
  set<T extends string | number | boolean>(items: Typed<T>, options: ListOptions = {}): Typed<readonly T[]> {
    return made({ type: 'array', items, 'x-kubernetes-list-type': 'set' }, options);
  },

  /** A list whose items are told apart by these members. */
  listMap<T, const K extends KeyOf<T>>(
    items: Typed<T>,
    keys: readonly [K, ...K[]],
    options: ListOptions = {},
  ): Typed<readonly T[]> {
    return made(
      { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys },
      options,
    );
  },

  /** Null stays as it is; elsewhere it is dropped. */
  nullable<T>(schema: Typed<T>): Typed<T | null> {
    return { ...schema, nullable: true };
  },

  /** The value of an absent member. */
  withDefault<T>(schema: Typed<T>, value: NoInfer<T> & Json): Defaulted<T> {
    return { ...schema, default: value };
  },

  /** The same schema with another description: a field of a shared type. */
  describe<S extends Schema>(schema: S, description: string): S {
    return { ...schema, description };
  },
};

const INT_OR_STRING = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
} as const satisfies Schema;

/** Puts the members in the order of a hand-written manifest: description, form, bounds, rules. */
function made<T>(form: Schema, { description, rules, ...bounds }: Options & Schema): Typed<T> {
  return {
    ...(description === undefined ? {} : { description }),
    ...form,
    ...bounds,
    ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }),
  };
}
