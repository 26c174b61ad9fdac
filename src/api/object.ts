import { ApiError, fieldProblem } from './api-error.ts';
import { API_GROUP, API_VERSION } from './api-version.ts';
import { readMachineConfigPool } from './read-machine-config-pool.ts';
import { readMachineConfig } from './read-machine-config.ts';
import { readMachineOSConfig } from './read-machine-os-config.ts';
import { ObjectReader, Problems, describeType } from './object-reader.ts';
import type { FieldPath } from './field-path.ts';
import type { MachineConfigPool } from './definitions/machine-config-pool.ts';
import type { MachineConfig } from './definitions/machine-config.ts';
import type { MachineOSConfig } from './definitions/machine-os-config.ts';

/** An object of a kind that Varve does not read; named so that a command can say what it passes over. */
interface OtherObject {
  readonly kind: 'other';
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly name: string };
}

export type ApiObject = MachineConfig | MachineConfigPool | MachineOSConfig | OtherObject;

type Read = (object: ObjectReader) => MachineConfig | MachineConfigPool | MachineOSConfig;

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['MachineConfig', readMachineConfig],
  ['MachineConfigPool', readMachineConfigPool],
  ['MachineOSConfig', readMachineOSConfig],
]);

/** What kind and which object this claims to be, for messages; empty strings where it does not say. */
interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly within: FieldPath;
}

/**
 * Decodes one document as `kubectl apply` would accept it: `v1` `List` objects and the lists of our kinds are
 * expanded, an empty document is an empty list.
 *
 * @throws ApiError for the first object that is not valid
 */
export function decodeObjects(value: unknown): readonly ApiObject[] {
  if (value === null || value === undefined) return [];
  const { apiVersion, kind } = identify(value);
  const itemKind = kind.endsWith('List') ? kind.slice(0, -'List'.length) : undefined;
  const isPlainList = kind === 'List' && apiVersion === 'v1';
  if (!isPlainList && (itemKind === undefined || !READERS.has(itemKind) || apiVersion !== API_VERSION)) {
    return [decodeObject(value)];
  }
  const problems = new Problems();
  const list = ObjectReader.of(value, [], problems);
  const items = list?.list('items', (item, path) =>
    decodeAt(isPlainList ? item : withType(item, apiVersion, itemKind), path),
  );
  if (problems.found.length > 0) throw new ApiError('invalid-object', { kind, name: '' }, problems.found);
  return items ?? [];
}

/**
 * Decodes one object. Fields that its kind does not have are an error, as in kubectl's strict validation.
 *
 * @throws ApiError
 */
export function decodeObject(value: unknown): ApiObject {
  return decodeAt(value, []);
}

function decodeAt(value: unknown, within: FieldPath): ApiObject {
  const identity = identify(value, within);
  const { apiVersion, kind } = identity;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(identity, [], `expected an object, received ${describeType(value)}`);
  }
  if (apiVersion === '') throw invalid(identity, ['apiVersion'], 'required, but missing');
  if (kind === '') throw invalid(identity, ['kind'], 'required, but missing');
  if (kind === 'List') throw invalid(identity, ['kind'], 'a List is not accepted here');
  const read = READERS.get(kind);
  if (read === undefined) return { kind: 'other', object: { apiVersion, kind, name: identity.name } };
  if (apiVersion !== API_VERSION) throw unsupported(identity);
  return decode(value, identity, read);
}

/**
 * Decodes a MachineConfig.
 *
 * @throws ApiError also if it is an object of another kind
 */
export function decodeMachineConfig(value: unknown): MachineConfig {
  const object = decodeObject(value);
  if (object.kind === 'MachineConfig') return object;
  throw invalid(identify(value), ['kind'], 'expected "MachineConfig"');
}

function decode<T>(value: unknown, identity: Identity, read: (object: ObjectReader) => T): T {
  const problems = new Problems();
  const object = ObjectReader.of(value, [], problems);
  object?.value('apiVersion');
  object?.value('kind');
  const decoded = object === undefined ? undefined : read(object);
  object?.end();
  if (decoded === undefined || problems.found.length > 0) {
    throw new ApiError('invalid-object', identity, problems.found, identity.within);
  }
  return decoded;
}

function unsupported(identity: Identity): ApiError {
  const { apiVersion } = identity;
  const isOurGroup = apiVersion.split('/')[0] === API_GROUP;
  const reason = isOurGroup ? 'is not a served version' : 'is not the API group of this kind';
  const problem = `${JSON.stringify(apiVersion)} ${reason}; write ${API_VERSION}`;
  return new ApiError(
    'unsupported-version',
    identity,
    [fieldProblem(['apiVersion'], problem)],
    identity.within,
  );
}

function invalid(identity: Identity, field: FieldPath, message: string): ApiError {
  return new ApiError('invalid-object', identity, [fieldProblem(field, message)], identity.within);
}

function identify(value: unknown, within: FieldPath = []): Identity {
  const metadata = member(value, 'metadata');
  return {
    apiVersion: stringOrEmpty(member(value, 'apiVersion')),
    kind: stringOrEmpty(member(value, 'kind')),
    name: stringOrEmpty(member(metadata, 'name')),
    within,
  };
}

/** The items of a typed list may leave out what the list says. */
function withType(item: unknown, apiVersion: string, kind: string | undefined): unknown {
  return typeof item === 'object' && item !== null && !Array.isArray(item)
    ? { apiVersion, kind, ...item }
    : item;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}

function stringOrEmpty(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
