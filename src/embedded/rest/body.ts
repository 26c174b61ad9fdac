import { YAMLException, load } from 'js-yaml';
import { KUBERNETES_YAML, YAML_LIMITS } from '../../api/index.ts';
import { jsonSyntaxMessage } from '../../ignition/index.ts';
import { isJsonObject, isShallow, setMember, type Json, type JsonObject } from '../../schema/index.ts';
import { ProtobufError, decodeProtobufBody } from '../protobuf/index.ts';
import { checkValueCount } from './body-size.ts';
import { positionsIn, scanJson } from './json-scan.ts';
import { badRequest, unsupportedMediaType } from '../status/index.ts';

/** A request's body as JSON. */
export interface DecodedBody {
  readonly value: Json;
  /** Members that occur twice, of which the last was kept: `data.a`. */
  readonly duplicates: readonly string[];
  /** Where in the text members with these paths stand; only for comparing them, and known of JSON only. */
  readonly positions: (paths: ReadonlySet<string>) => ReadonlyMap<string, number>;
}

/** What a write may be sent as; patches are apart. */
const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** Far deeper than any object, and what the code that walks objects can bear. */
const MAX_DEPTH = 500;

/** The media type of a Content-Type header, in lower case, without parameters; JSON if it is absent. */
export function mediaTypeOf(contentType: string | undefined): string {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === '' ? 'application/json' : type;
}

/**
 * Reads the body of a create, an update or a delete.
 *
 * @param expected what the text must be, for the message: `ConfigMap`
 * @throws StatusError 400, 413, 415
 */
export function decodeBody(
  bytes: Uint8Array,
  contentType: string | undefined,
  expected: string,
): DecodedBody {
  const type = mediaTypeOf(contentType);
  switch (type) {
    case 'application/json':
      return decodeJson(textOf(bytes), (why, text) =>
        badRequest(
          `the object provided is unrecognized (must be of type ${expected}): couldn't get version/kind; json parse error: ${why} (${text})`,
        ),
      );
    case 'application/yaml':
      return decodeYaml(textOf(bytes));
    case 'application/vnd.kubernetes.protobuf':
      return decodeProtobuf(bytes);
    default:
      throw unsupportedMediaType(OBJECT_TYPES);
  }
}

/** Reads the body of a patch that is JSON. @throws StatusError 400 */
export function decodePatch(bytes: Uint8Array): DecodedBody {
  return decodeJson(textOf(bytes), (why) => badRequest(`error decoding patch: ${why}`));
}

/** Reads the body of an apply: YAML, of which JSON is a part. @throws StatusError 400 */
export function decodeApply(bytes: Uint8Array): DecodedBody {
  const text = textOf(bytes);
  const first = /\S/.exec(text)?.[0];
  if (first === '{') {
    // If it is not JSON, it is YAML's own flow mapping, perhaps.
    if (isJson(text)) return decodeJson(text, (why) => badRequest(`error decoding YAML: ${why}`));
  }
  return decodeYaml(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function decodeJson(text: string, refusal: (why: string, shown: string) => Error): DecodedBody {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw refusal(jsonSyntaxMessage(text) ?? 'invalid JSON', summary(Buffer.from(text)));
  }
  checkValueCount(value, text.length);
  const { duplicates, isTooDeep, hugeNumber } = scanJson(text, MAX_DEPTH);
  if (isTooDeep) throw refusal('exceeded max depth', summary(Buffer.from(text)));
  if (hugeNumber !== undefined) {
    const shown = hugeNumber.slice(0, MAX_SHOWN_NUMBER);
    throw badRequest(`json: cannot unmarshal number ${shown} into Go value of type float64`);
  }
  return { value, duplicates, positions: (paths) => positionsIn(text, paths) };
}

const MAX_SHOWN_NUMBER = 40;

/** Only JSON texts are looked through. */
const NOWHERE: ReadonlyMap<string, number> = new Map();

function decodeYaml(text: string): DecodedBody {
  if (text.trim() === '') return { value: null, duplicates: [], positions: () => NOWHERE };
  let value: Json | undefined;
  try {
    value = load(text, { schema: KUBERNETES_YAML, ...YAML_LIMITS }) as Json | undefined;
  } catch (error) {
    if (error instanceof YAMLException) throw badYaml(error.reason);
    throw error;
  }
  const budget = { values: ALIASED_VALUES + text.length };
  const copy = toJson(value ?? null, budget);
  checkValueCount(copy, Number.POSITIVE_INFINITY);
  return { value: copy, duplicates: [], positions: () => NOWHERE };
}

/** How many values a text may have beyond what it could have without aliases, a few of which make millions of a few. */
const ALIASED_VALUES = 100_000;

/** A copy in which no two members are one object, and what JSON cannot say is null. @throws StatusError 400 */
function toJson(value: Json, budget: { values: number }, depth = 0): Json {
  budget.values--;
  // What an anchor has within itself has no end.
  if (budget.values < 0 || depth > MAX_DEPTH) throw badYaml('document contains excessive aliasing');
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => toJson(item, budget, depth + 1));
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) setMember(copy, key, toJson(member, budget, depth + 1));
  return copy;
}

function badYaml(why: string): Error {
  return badRequest(`error converting YAML to JSON: yaml: ${why}`);
}

function decodeProtobuf(bytes: Uint8Array): DecodedBody {
  try {
    const value = decodeProtobufBody(bytes);
    checkValueCount(value, bytes.byteLength);
    // Messages end somewhere, but some of them hold JSON.
    if (!isShallow(value, MAX_DEPTH)) throw badRequest('exceeded max depth');
    return { value, duplicates: [], positions: () => NOWHERE };
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(error.message);
    throw error;
  }
}

/** The text of a body. @throws StatusError 400 where it is no UTF-8 */
function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw badRequest('the body of the request is not UTF-8');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes of a body that an error shows. */
const SHOWN = 30;

/** Enough of a body to recognise it, as Kubernetes shows it: what does not begin as an object is shown in hexadecimal. */
export function summary(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return '<empty>';
  const shown = Buffer.from(bytes.subarray(0, SHOWN));
  const text = shown.toString(shown[0] === 0x7b ? 'utf8' : 'hex');
  return bytes.byteLength > SHOWN ? `${text} ...` : text;
}

/** The value of a body as an object. @throws StatusError 400 for anything else */
export function asObject(value: Json, expected: string, bytes: Uint8Array): JsonObject {
  if (isJsonObject(value)) return value;
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${expected}): couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${summary(bytes)})`,
  );
}
