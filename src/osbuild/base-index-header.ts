import { isJsonObject } from '../schema/index.ts';
import type { Digest } from '../oci/index.ts';
import type { BaseUnit, BaseUser } from '../machineconfig/index.ts';
import { isListOf, isString } from './json-shape.ts';

/** What of the base the index says in its first line; everything but the file list. */
export interface BaseIndexHeader {
  readonly version: typeof INDEX_VERSION;
  /** Manifest digest of the base that the index describes. */
  readonly base: Digest;
  readonly users: Readonly<Record<string, BaseUser>>;
  readonly groups: Readonly<Record<string, number>>;
  readonly units: Readonly<Record<string, BaseUnit>>;
  /** By the name of the unit. */
  readonly dropins: Readonly<Record<string, readonly BaseUnit[]>>;
  readonly unitLinks: readonly string[];
  /** Directories of /usr/lib/modules with a kernel in them. */
  readonly kernels: readonly string[];
  readonly keepsToplevels: boolean;
  readonly readsKeyDirectory: boolean;
}

/**
 * Bumped whenever the meaning of an index changes. It is in the keys of the cache and in the tags of the registry, so an
 * index of another version is not found: the first build on each base reads its layers once more. What other versions
 * left stays there for them; nobody misses it when it is deleted.
 *
 * 2: drop-ins are kept apart from their units, so that those of the configuration can be sorted in among them.
 */
export const INDEX_VERSION = 2;

/** Reads the JSON line of an index; undefined when it is not the header of this version for this base. */
export function readIndexHeader(text: string, base: Digest): BaseIndexHeader | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isJsonObject(value) &&
    value['version'] === INDEX_VERSION &&
    value['base'] === base &&
    isHeader(value)
    ? (value as unknown as BaseIndexHeader)
    : undefined;
}

function isHeader(value: Readonly<Record<string, unknown>>): boolean {
  return (
    isRecordOf(value['users'], isUser) &&
    isRecordOf(value['groups'], isId) &&
    isRecordOf(value['units'], isUnit) &&
    isRecordOf(value['dropins'], (list) => isListOf(list, isUnit)) &&
    isListOf(value['unitLinks'], isString) &&
    isListOf(value['kernels'], isString) &&
    typeof value['keepsToplevels'] === 'boolean' &&
    typeof value['readsKeyDirectory'] === 'boolean'
  );
}

function isUser(value: unknown): boolean {
  return isJsonObject(value) && isId(value['uid']) && isId(value['gid']) && isString(value['home']);
}

function isUnit(value: unknown): boolean {
  return isJsonObject(value) && isString(value['path']) && isListOf(value['install'], isSetting);
}

function isSetting(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isString);
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecordOf(value: unknown, isMember: (member: unknown) => boolean): boolean {
  return isJsonObject(value) && Object.values(value).every(isMember);
}
