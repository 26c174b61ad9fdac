/** The static type of a CEL expression. `param` stands in a function's signature for a type that a call decides. */
export type CelType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'list'; readonly element: CelType }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType }
  | { readonly kind: 'optional'; readonly value: CelType }
  | { readonly kind: 'type'; readonly of: CelType }
  | ObjectType
  | { readonly kind: 'opaque'; readonly name: string }
  | { readonly kind: 'param'; readonly name: string };

export type ScalarKind =
  | 'dyn'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration';

/** An object of a schema: its fields by the names that expressions use (escaped). */
export interface ObjectType {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, CelType>;
}

export const DYN: CelType = { kind: 'dyn' };
export const NULL: CelType = { kind: 'null' };
export const BOOL: CelType = { kind: 'bool' };
export const INT: CelType = { kind: 'int' };
export const UINT: CelType = { kind: 'uint' };
export const DOUBLE: CelType = { kind: 'double' };
export const STRING: CelType = { kind: 'string' };
export const BYTES: CelType = { kind: 'bytes' };
export const TIMESTAMP: CelType = { kind: 'timestamp' };
export const DURATION: CelType = { kind: 'duration' };

export function listOf(element: CelType): CelType {
  return { kind: 'list', element };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'map', key, value };
}

export function optionalOf(value: CelType): CelType {
  return { kind: 'optional', value };
}

/** A type as cel-go's messages write it. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${formatType(type.element)})`;
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'optional':
      return `optional_type(${formatType(type.value)})`;
    case 'type':
      return `type(${formatType(type.of)})`;
    case 'opaque':
    case 'param':
      return type.name;
    default:
      return type.kind;
  }
}

/** What the parameters of a signature stand for in one call. */
export type Bindings = Map<string, CelType>;

/** Replaces what is bound; a parameter that is not stands for anything. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'param':
      return bindings.get(type.name) ?? DYN;
    case 'list':
      return listOf(substitute(type.element, bindings));
    case 'map':
      return mapOf(substitute(type.key, bindings), substitute(type.value, bindings));
    case 'optional':
      return optionalOf(substitute(type.value, bindings));
    case 'type':
      return { kind: 'type', of: substitute(type.of, bindings) };
    default:
      return type;
  }
}

/**
 * Whether a value of type `actual` can be given where `expected` is wanted; binds the parameters of `expected`. dyn fits
 * everything and everything fits it, as in CEL's gradual typing; null fits what can be absent.
 */
export function isAssignable(expected: CelType, actual: CelType, bindings: Bindings): boolean {
  if (expected.kind === 'param') return bind(expected.name, actual, bindings);
  if (expected.kind === 'dyn' || actual.kind === 'dyn') return true;
  if (actual.kind === 'null') return isNullable(expected);
  if (expected.kind === 'null') return isNullable(actual);
  switch (expected.kind) {
    case 'list':
      return actual.kind === 'list' && isAssignable(expected.element, actual.element, bindings);
    case 'map':
      return (
        actual.kind === 'map' &&
        isAssignable(expected.key, actual.key, bindings) &&
        isAssignable(expected.value, actual.value, bindings)
      );
    case 'optional':
      return actual.kind === 'optional' && isAssignable(expected.value, actual.value, bindings);
    case 'type':
      return actual.kind === 'type';
    case 'opaque':
      return actual.kind === 'opaque' && actual.name === expected.name;
    case 'object':
      return actual === expected;
    default:
      return actual.kind === expected.kind;
  }
}

/** The type of either of two values: the more general one; undefined where they have nothing in common. */
export function joinTypes(a: CelType, b: CelType): CelType | undefined {
  if (isAssignable(a, b, new Map())) return isMoreGeneral(b, a) ? b : a;
  return isAssignable(b, a, new Map()) ? b : undefined;
}

function bind(name: string, actual: CelType, bindings: Bindings): boolean {
  const known = bindings.get(name);
  if (known === undefined) {
    bindings.set(name, actual);
    return true;
  }
  const joined = joinTypes(known, actual);
  if (joined === undefined) return false;
  bindings.set(name, joined);
  return true;
}

/** Whether `a` says less than `b`: dyn, or dyn in the place of a part; null says less than what it stands for. */
function isMoreGeneral(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn') return b.kind !== 'dyn';
  if (b.kind === 'null') return a.kind !== 'null';
  if (a.kind === 'list' && b.kind === 'list') return isMoreGeneral(a.element, b.element);
  if (a.kind === 'map' && b.kind === 'map') return isMoreGeneral(a.value, b.value);
  return a.kind === 'optional' && b.kind === 'optional' && isMoreGeneral(a.value, b.value);
}

function isNullable(type: CelType): boolean {
  return ['null', 'object', 'timestamp', 'duration', 'opaque', 'optional'].includes(type.kind);
}
