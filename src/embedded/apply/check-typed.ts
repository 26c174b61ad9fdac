import {
  isJsonObject,
  memberOf,
  goType,
  printGoValue,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import type { FieldType, ListType, MapType, ScalarType } from './field-type.ts';
import { fieldElement, printElement, printPath, type PathElement } from './path-element.ts';
import { itemElement, memberType, shapeOf } from './value-shape.ts';

/**
 * What keeps an applied object from being merged by its schema, in structured-merge-diff's words: members that are not
 * declared, values of the wrong form, list items without or with the same keys. Undefined if nothing does.
 */
export function typedProblem(type: FieldType, object: JsonObject): string | undefined {
  const problems: string[] = [];
  check(type, object, [], problems);
  if (problems.length < 2) return problems[0];
  return ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n');
}

/** So many problems are told, each of which may have a long path. */
const MAX_PROBLEMS = 100;

function check(type: FieldType, value: Json, path: PathElement[], problems: string[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  const shape = shapeOf(type, value);
  if (value === null) return;
  if (shape === 'map' && type.map !== undefined) {
    if (isJsonObject(value)) checkMembers(type.map, value, path, problems);
    else problems.push(at(path, `expected map, got ${printValue(value)}`));
  } else if (shape === 'list' && type.list !== undefined) {
    if (Array.isArray(value)) checkItems(type.list, value, path, problems);
    else problems.push(at(path, `expected list, got ${printValue(value)}`));
  } else if (type.scalar !== undefined) {
    const problem = scalarProblem(type.scalar, value);
    if (problem !== undefined) problems.push(at(path, problem));
  }
}

function checkMembers(type: MapType, object: JsonObject, path: PathElement[], problems: string[]): void {
  for (const name of Object.keys(object)) {
    path.push(fieldElement(name));
    const declared = memberType(type, name);
    if (declared === undefined) problems.push(at(path, 'field not declared in schema'));
    else check(declared, memberOf(object, name) ?? null, path, problems);
    path.pop();
    if (declared === undefined) return;
  }
}

function checkItems(type: ListType, list: readonly Json[], path: PathElement[], problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    let step = `i:${index}`;
    if (!type.atomic) {
      const element = itemElement(type, item);
      if ('problem' in element) {
        problems.push(at(path, `element ${index}: ${element.problem}`));
        return;
      }
      step = element.step;
      if (seen.has(step)) problems.push(at(path, `duplicate entries for key ${printElement(step)}`));
      seen.add(step);
    }
    path.push(step);
    check(type.items, item, path, problems);
    path.pop();
  }
}

function scalarProblem(type: ScalarType, value: Json): string | undefined {
  switch (type) {
    case 'numeric':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${printValue(value)}`;
    case 'untyped':
      return typeof value === 'object' ? `expected any scalar, got ${printValue(value)}` : undefined;
  }
}

/** `%v` of the value's wrapper. */
function printValue(value: Json): string {
  return `&{${printGoValue(value)}}`;
}

/** `%#v`. */
function goSyntax(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(memberOf(value, key) ?? null)}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}

function at(path: readonly PathElement[], problem: string): string {
  return path.length === 0 ? problem : `${printPath(path)}: ${problem}`;
}
