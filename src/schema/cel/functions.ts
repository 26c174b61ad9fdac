import type { Budget } from './budget.ts';
import { CelError } from './errors.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  UINT,
} from './type.ts';
import type { CelType } from './type.ts';
import { CelList, CelMap, Duration, Opaque, Optional, Timestamp, TypeValue, Uint } from './values.ts';
import type { CelValue } from './values.ts';

/** What a function does. A method's receiver is its first argument. */
export type Implementation = (args: readonly CelValue[], budget: Budget) => CelValue;

/** One of the signatures of a function. */
export interface Overload {
  readonly name: string;
  /** Whether it is called on a receiver, which then is the first of the parameters. */
  readonly method: boolean;
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  readonly call: Implementation;
}

const NAMED: ReadonlyMap<string, CelType> = new Map([
  ['dyn', DYN],
  ['null', NULL],
  ['bool', BOOL],
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['string', STRING],
  ['bytes', BYTES],
  ['timestamp', TIMESTAMP],
  ['duration', DURATION],
]);

/** The names of types that only their library looks into. */
export const OPAQUE_TYPES: ReadonlyMap<string, string> = new Map([
  ['url', 'kubernetes.URL'],
  ['ip', 'net.IP'],
  ['cidr', 'net.CIDR'],
  ['quantity', 'kubernetes.Quantity'],
  ['format', 'kubernetes.NamedFormat'],
  ['semver', 'kubernetes.Semver'],
]);

/**
 * Declares an overload by its signature: `string.split(string): list(string)` for a method, `size(list(A)): int` for a
 * function; a capital letter stands for a type that the call decides.
 */
export function overload(signature: string, call: Implementation): Overload {
  const match = /^(?:([\w(), ]+)\.)?([^.()]+)\((.*)\): (.+)$/.exec(signature);
  if (match === null) throw new Error(`no signature: ${signature}`);
  const [, receiver, name = '', parameters = '', result = ''] = match;
  const types = splitTypes(parameters).map(parseType);
  return receiver === undefined
    ? { name, method: false, parameters: types, result: parseType(result), call }
    : { name, method: true, parameters: [parseType(receiver), ...types], result: parseType(result), call };
}

/** Declares a function of a namespace, `sets.contains(list(A), list(A)): bool`: no method, though it looks like one. */
export function namespaced(namespace: string, signature: string, call: Implementation): Overload {
  const plain = overload(signature, call);
  return { ...plain, name: `${namespace}.${plain.name}` };
}

/** Whether a value is of a type, as far as the choice between overloads needs to know: parts are not looked into. */
function isOfType(value: CelValue, type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'null':
      return value === null;
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'uint':
      return value instanceof Uint;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'list':
      return value instanceof CelList;
    case 'map':
    case 'object':
      return value instanceof CelMap;
    case 'optional':
      return value instanceof Optional;
    case 'type':
      return value instanceof TypeValue;
    case 'opaque':
      return value instanceof Opaque && value.typeName === type.name;
  }
}

/** Functions by name; those of one name and kind of call stand together. */
export class FunctionTable {
  readonly #overloads = new Map<string, Overload[]>();

  constructor(overloads: readonly Overload[]) {
    for (const one of overloads) {
      const key = keyOf(one.name, one.method);
      const known = this.#overloads.get(key);
      if (known === undefined) this.#overloads.set(key, [one]);
      else known.push(one);
    }
  }

  /** The overloads of a function or a method; none for a name that is not known. */
  find(name: string, method: boolean): readonly Overload[] {
    return this.#overloads.get(keyOf(name, method)) ?? [];
  }
}

/**
 * Calls the overload that takes these arguments.
 *
 * @throws CelError if none does
 */
export function callOverload(
  overloads: readonly Overload[],
  args: readonly CelValue[],
  budget: Budget,
): CelValue {
  budget.spend(1);
  for (const { parameters, call } of overloads) {
    if (parameters.length !== args.length) continue;
    if (parameters.every((type, index) => isOfType(args[index] ?? null, type))) return call(args, budget);
  }
  throw new CelError('no such overload');
}

function keyOf(name: string, method: boolean): string {
  return `${method ? '.' : ''}${name}`;
}

function parseType(text: string): CelType {
  const named = NAMED.get(text);
  if (named !== undefined) return named;
  const opaque = OPAQUE_TYPES.get(text);
  if (opaque !== undefined) return { kind: 'opaque', name: opaque };
  if (/^[A-Z]$/.test(text)) return { kind: 'param', name: text };
  const [, generic = '', inner = ''] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  const parts = splitTypes(inner).map(parseType);
  const [first, second] = parts;
  if (generic === 'list' && first !== undefined) return listOf(first);
  if (generic === 'map' && first !== undefined && second !== undefined) return mapOf(first, second);
  if (generic === 'optional' && first !== undefined) return optionalOf(first);
  if (generic === 'type' && first !== undefined) return { kind: 'type', of: first };
  throw new Error(`no type: ${text}`);
}

/** Splits at the commas that are in no parentheses. */
function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [index, char] of Array.from(text).entries()) {
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' ? parts : [...parts, last];
}
