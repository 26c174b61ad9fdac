import {
  copyJson,
  copyObject,
  equalJson,
  isJsonObject,
  isShallow,
  memberOf,
  setMember,
  goJsonKind,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { PatchError } from './patch-error.ts';

/**
 * Applies a JSON patch (RFC 6902) as kube-apiserver does, which is: as gopkg.in/evanphx/json-patch.v4 does. That differs from
 * the RFC, and so from the libraries for it: `replace` of a missing key adds it, a missing key passes a `test` for null and
 * is copied as null, indexes may be negative or have leading zeros, and what stands before a pointer's first slash does not
 * count. Neither argument is changed. Throws PatchError.
 */
export function applyJsonPatch(document: JsonObject, patch: Json): JsonObject {
  const operations = operationsOf(patch);
  let root: Json = copyObject(document);
  let copied = 0;
  for (const operation of operations) {
    switch (memberOf(operation, 'op')) {
      case 'add':
        insert(placeOf(root, textOf(operation, 'path')), copyJson(memberOf(operation, 'value') ?? null));
        break;
      case 'remove':
        remove(placeOf(root, textOf(operation, 'path')));
        break;
      case 'replace':
        root = replace(root, textOf(operation, 'path'), copyJson(memberOf(operation, 'value') ?? null));
        break;
      case 'move': {
        const from = placeOf(root, textOf(operation, 'from'));
        const value = read(from) ?? null;
        remove(from);
        insert(placeOf(root, textOf(operation, 'path')), value);
        break;
      }
      case 'copy': {
        const value = read(placeOf(root, textOf(operation, 'from'))) ?? null;
        const place = placeOf(root, textOf(operation, 'path'));
        if (!isShallow(value, MAX_DEPTH)) throw tooDeep();
        const text = JSON.stringify(value);
        copied += Buffer.byteLength(text);
        if (copied > MAX_COPIED_BYTES) {
          throw rejection(`its copies add more than ${MAX_COPIED_BYTES} bytes`);
        }
        insert(place, JSON.parse(text) as Json);
        break;
      }
      case 'test':
        test(root, textOf(operation, 'path'), memberOf(operation, 'value') ?? null);
        break;
      default:
        throw rejection('an operation is none of add, remove, replace, move, copy and test');
    }
  }
  if (!isShallow(root, MAX_DEPTH)) throw tooDeep();
  if (!isJsonObject(root)) throw rejection('the result is not an object');
  return root;
}

/** k8s.io/apiserver endpoints/handlers/patch.go, maxJSONPatchOperations. */
const MAX_OPERATIONS = 10_000;

/** k8s.io/apiserver server/config.go, JSONPatchMaxCopyBytes: else each copy of a whole into its part doubles the object. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** Ours: operations can stack values far deeper than any request may be nested, and recursion must end somewhere. */
const MAX_DEPTH = 500;

/** Where an operation acts: a key of an object or an index of a list, which need not be there. */
interface Place {
  readonly container: Json[] | JsonObject;
  readonly key: string;
}

function operationsOf(patch: Json): JsonObject[] {
  if (!Array.isArray(patch)) throw wrongType(patch, '[]handlers.jsonPatchOp');
  if (patch.length > MAX_OPERATIONS) {
    const limit = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new PatchError('too-large', limit);
  }
  return patch.map((operation) => {
    if (operation === null) return {};
    if (!isJsonObject(operation)) throw wrongType(operation, 'handlers.jsonPatchOp');
    for (const name of ['op', 'path', 'from']) {
      const value = memberOf(operation, name) ?? null;
      if (value !== null && typeof value !== 'string') {
        const problem = `json: cannot unmarshal ${goJsonKind(value)} into Go struct field jsonPatchOp.${name} of type string`;
        throw new PatchError('malformed', `error decoding patch: ${problem}`);
      }
    }
    return operation;
  });
}

function textOf(operation: JsonObject, name: 'path' | 'from'): string {
  const value = memberOf(operation, name);
  if (typeof value !== 'string') throw rejection(`an operation has no ${name}`);
  return value;
}

/** Finds the container that a pointer's last segment is a key of. */
function placeOf(root: Json, pointer: string): Place {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replace(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~')));
  const key = segments.pop();
  if (key === undefined) throw rejection(`the path ${JSON.stringify(pointer)} has no parent`);
  let container: Json | undefined = root;
  for (const segment of segments) {
    if (typeof container !== 'object' || container === null) break;
    container = read({ container, key: segment });
  }
  if (typeof container !== 'object' || container === null) {
    throw rejection(`the parent of ${JSON.stringify(pointer)} is missing`);
  }
  return { container, key };
}

/** The value at a place; undefined for a missing key of an object. A missing index of a list is an error. */
function read({ container, key }: Place): Json | undefined {
  return Array.isArray(container) ? container[indexIn(container, key)] : memberOf(container, key);
}

function insert({ container, key }: Place, value: Json): void {
  if (!Array.isArray(container)) setMember(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(indexWithin(container.length + 1, key), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) container.splice(indexIn(container, key), 1);
  else if (Object.hasOwn(container, key)) delete container[key];
  else throw rejection(`there is no ${JSON.stringify(key)} to remove`);
}

function replace(root: Json, pointer: string, value: Json): Json {
  if (pointer === '') return value;
  const { container, key } = placeOf(root, pointer);
  if (Array.isArray(container)) container[indexIn(container, key)] = value;
  else setMember(container, key, value);
  return root;
}

function test(root: Json, pointer: string, expected: Json): void {
  const actual = pointer === '' ? root : (read(placeOf(root, pointer)) ?? null);
  if (!equalJson(actual, expected)) throw rejection(`the test of ${JSON.stringify(pointer)} failed`);
}

function indexIn(list: readonly Json[], key: string): number {
  return indexWithin(list.length, key);
}

/** Reads an index as Go's strconv.Atoi does; a negative one counts from the end. */
function indexWithin(length: number, key: string): number {
  const number = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN;
  const index = number < 0 ? number + length : number;
  if (!(index >= 0 && index < length)) throw rejection(`${JSON.stringify(key)} is not an index of the list`);
  return index;
}

function rejection(reason: string): PatchError {
  return new PatchError('does-not-apply', `cannot apply the JSON patch: ${reason}`);
}

function tooDeep(): PatchError {
  return rejection(`it makes the object nest deeper than ${MAX_DEPTH} levels`);
}

function wrongType(value: Json, type: string): PatchError {
  const problem = `json: cannot unmarshal ${goJsonKind(value)} into Go value of type ${type}`;
  return new PatchError('malformed', `error decoding patch: ${problem}`);
}
