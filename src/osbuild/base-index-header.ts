import type { Digest } from '../oci/index.ts';
import type { BaseUnit, BaseUser } from '../machineconfig/index.ts';
import { isListOf, isRecord, isString } from './json-shape.ts';

/** What of the base the index says in its first line; everything but the file list. */
export interface BaseIndexHeader {
  /** Bumped whenever the meaning of an index changes: an older one is then made anew. */
  readonly version: 1;
  /** Manifest digest of the base that the index describes. */
  readonly base: Digest;
  readonly users: Readonly<Record<string, BaseUser>>;
  readonly groups: Readonly<Record<string, number>>;
  readonly units: Readonly<Record<string, BaseUnit>>;
  readonly unitLinks: readonly string[];
  /** Directories of /usr/lib/modules with a kernel in them. */
  readonly kernels: readonly string[];
  readonly keepsToplevels: boolean;
  readonly readsKeyDirectory: boolean;
}

export const INDEX_VERSION = 1;

/** Reads the JSON line of an index; undefined when it is not the header of this version for this base. */
export function readIndexHeader(text: string, base: Digest): BaseIndexHeader | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(value) && value['version'] === INDEX_VERSION && value['base'] === base && isHeader(value)
    ? (value as unknown as BaseIndexHeader)
    : undefined;
}

function isHeader(value: Readonly<Record<string, unknown>>): boolean {
  return (
    isRecordOf(value['users'], isUser) &&
    isRecordOf(value['groups'], isId) &&
    isRecordOf(value['units'], isUnit) &&
    isListOf(value['unitLinks'], isString) &&
    isListOf(value['kernels'], isString) &&
    typeof value['keepsToplevels'] === 'boolean' &&
    typeof value['readsKeyDirectory'] === 'boolean'
  );
}

function isUser(value: unknown): boolean {
  return isRecord(value) && isId(value['uid']) && isId(value['gid']) && isString(value['home']);
}

function isUnit(value: unknown): boolean {
  if (!isRecord(value) || !isString(value['path']) || !isRecord(value['install'])) return false;
  const { wantedBy, requiredBy, upheldBy, alias, also, defaultInstance } = value['install'];
  return (
    [wantedBy, requiredBy, upheldBy, alias, also].every((list) => isListOf(list, isString)) &&
    (defaultInstance === undefined || isString(defaultInstance))
  );
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecordOf(value: unknown, isMember: (member: unknown) => boolean): boolean {
  return isRecord(value) && Object.values(value).every(isMember);
}
