import { isJsonObject, memberOf, type Json, type JsonObject } from '../../schema/index.ts';
import { compareText } from '../../ignition/index.ts';
import { ApplyError } from './apply-error.ts';
import type { FieldSet } from './field-set.ts';
import { decodeFields, encodeFields } from './fields-v1.ts';

export type Operation = 'Apply' | 'Update';

/** Who wrote: what makes two writes those of one manager, and for an Apply the version it was last written in. */
export interface Manager {
  readonly name: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  /** Empty for the main resource. */
  readonly subresource: string;
}

/** A manager and what it owns: one entry of metadata.managedFields. */
export interface Ownership extends Manager {
  readonly fields: FieldSet;
  /** RFC 3339, as stored; undefined if the entry has none. */
  readonly time: string | undefined;
  /** What was stored, and the set that was read from it: most writes change no one's set. */
  readonly stored?: { readonly fields: FieldSet; readonly encoded: JsonObject };
}

/** All that own something of an object, by {@link managerId}. */
export type Owners = Map<string, Ownership>;

/**
 * What identifies a manager, in the form in which Kubernetes sorts them: the entry's JSON. The version does not identify an
 * applier, who has one entry whatever version it writes.
 */
export function managerId({ name, operation, apiVersion, subresource }: Manager): string {
  const parts = [];
  if (name !== '') parts.push(`"manager":${JSON.stringify(name)}`);
  parts.push(`"operation":"${operation}"`);
  if (operation === 'Update') parts.push(`"apiVersion":${JSON.stringify(apiVersion)}`);
  if (subresource !== '') parts.push(`"subresource":${JSON.stringify(subresource)}`);
  return `{${parts.join(',')}}`;
}

/**
 * Reads metadata.managedFields, `stored` as this server wrote them or `sent` by a client. Throws ApplyError
 * `malformed-fields`.
 */
export function decodeOwners(entries: Json | undefined, from: 'stored' | 'sent'): Owners {
  const owners: Owners = new Map();
  if (entries === undefined || entries === null) return owners;
  if (!Array.isArray(entries)) throw malformed('not a list');
  for (const [index, entry] of entries.entries()) {
    if (!isJsonObject(entry)) throw malformed(`entry ${index} is not an object`);
    const operation = textOf(entry, 'operation');
    if (operation !== 'Apply' && operation !== 'Update') {
      throw malformed('operation must be `Apply` or `Update`');
    }
    const apiVersion = textOf(entry, 'apiVersion');
    if (apiVersion === '') throw malformed('apiVersion must not be empty');
    const fieldsType = textOf(entry, 'fieldsType');
    if (fieldsType === '') throw malformed(`missing fieldsType in managed fields entry ${index}`);
    if (fieldsType !== 'FieldsV1') {
      throw malformed(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
    }
    const time = textOf(entry, 'time');
    const encoded = memberOf(entry, 'fieldsV1');
    const fields = decodeFields(encoded);
    const ownership: Ownership = {
      name: textOf(entry, 'manager'),
      operation,
      apiVersion,
      subresource: textOf(entry, 'subresource'),
      fields,
      time: time === '' ? undefined : time,
      ...(from === 'stored' && isJsonObject(encoded) ? { stored: { fields, encoded } } : {}),
    };
    owners.set(managerId(ownership), ownership);
  }
  return owners;
}

/** The entries of metadata.managedFields: appliers first, then by time and name. */
export function encodeOwners(owners: Owners): JsonObject[] {
  return [...owners.values()].sort(compareEntries).map(encodeOwnership);
}

function encodeOwnership(owner: Ownership): JsonObject {
  const { name, operation, apiVersion, subresource, fields, time, stored } = owner;
  return {
    ...(name === '' ? {} : { manager: name }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: stored?.fields === fields ? stored.encoded : encodeFields(fields),
    ...(subresource === '' ? {} : { subresource }),
  };
}

/** The second in which an entry was written; none is the oldest. */
export function secondOf({ time }: Ownership): number {
  const milliseconds = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

function compareEntries(one: Ownership, other: Ownership): number {
  return (
    compareText(one.operation, other.operation) ||
    secondOf(one) - secondOf(other) ||
    compareText(one.name, other.name) ||
    compareText(one.apiVersion, other.apiVersion) ||
    compareText(one.subresource, other.subresource)
  );
}

function textOf(entry: JsonObject, key: string): string {
  const value = memberOf(entry, key) ?? '';
  if (typeof value === 'string') return value;
  throw malformed(`${key} is not a text`);
}

function malformed(reason: string): ApplyError {
  return new ApplyError('malformed-fields', `failed to decode managed fields: ${reason}`);
}
