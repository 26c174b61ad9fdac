import { goNumber, isInt64 } from './go-format.ts';
import { memberOf, type Json } from './json.ts';

/** A value as Go's `%v` prints it, which is how Kubernetes quotes patches in messages: `map[a:1 b:[x y]]`. */
export function printGoValue(value: Json): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return goNumber(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(printGoValue).join(' ')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${printGoValue(memberOf(value, key) ?? null)}`);
  return `map[${members.join(' ')}]`;
}

/** What encoding/json calls a value in `cannot unmarshal … into`. */
export function goJsonKind(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The type that Go's `%T` prints of a decoded JSON value. */
export function goType(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    default:
      return isInt64(value) ? 'int64' : 'float64';
  }
}
