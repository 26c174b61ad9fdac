import { keyPath, memberPath } from './path.ts';
import { additionalSchema, memberSchema } from './schema-members.ts';
import type { Schema } from './schema.ts';

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ["'", "'"],
  ['\\', '\\'],
]);

/** Where a rule's `fieldPath` leads, or why it leads nowhere. */
export type FieldPath = { readonly path: string } | { readonly problem: string };

/**
 * Reads a rule's `fieldPath` (`.spec['a b']`) below a schema, into the form that errors have: `spec.a b`, and the key of a
 * map in brackets (apiextensions' ValidFieldPath).
 */
export function readFieldPath(text: string, schema: Schema): FieldPath {
  const steps = stepsOf(text);
  if (typeof steps === 'string') return { problem: steps };
  let at: Schema | undefined = schema;
  let path = '';
  for (const name of steps) {
    const property: Schema | undefined = memberSchema(at, name);
    path = property === undefined ? keyPath(path, name) : memberPath(path, name);
    at = property ?? (at.properties === undefined ? additionalSchema(at) : undefined);
    if (at === undefined) return { problem: 'does not refer to a valid field' };
  }
  return { path };
}

/** The names that a path is made of: `.name` or `['name']`; or what is wrong with it. */
function stepsOf(path: string): readonly string[] | string {
  const steps: string[] = [];
  let rest = path;
  while (rest !== '') {
    const dotted = /^\.([^.[\]]+)/.exec(rest);
    const quoted = /^\['((?:[^'\\]|\\.)*)'\]/.exec(rest);
    if (dotted !== null) {
      steps.push(dotted[1] ?? '');
      rest = rest.slice(dotted[0].length);
    } else if (quoted !== null) {
      steps.push((quoted[1] ?? '').replaceAll(/\\(.)/g, (whole, char: string) => ESCAPES.get(char) ?? whole));
      rest = rest.slice(quoted[0].length);
    } else {
      return problemAt(rest);
    }
  }
  return steps;
}

function problemAt(rest: string): string {
  if (rest === '.' || rest === '[') return 'unexpected end of JSON path';
  if (rest.startsWith('[')) {
    const token = rest.slice(1).split(/[.[\]]/, 1)[0] ?? '';
    return token.startsWith("'")
      ? 'unexpected end of JSON path'
      : `expected single quoted string but got ${token}`;
  }
  if (rest.startsWith('.')) return 'does not refer to a valid field';
  return `expected [ or . but got: ${rest.split(/[.[\]]/, 1)[0] ?? ''}`;
}
