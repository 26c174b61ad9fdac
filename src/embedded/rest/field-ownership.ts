import { memberOf, type Json, type JsonObject } from '../../schema/index.ts';
import { updateManagedFields } from '../apply/index.ts';
import type { Kind } from '../kinds/index.ts';
import { apiVersionOf } from './kind-registry.ts';
import { metadataOf } from './object-metadata.ts';

/** What decides who owns the fields of a write. */
export interface OwnedWrite {
  readonly kind: Pick<Kind, 'custom' | 'group' | 'schema' | 'subresources' | 'version'>;
  /** The stored object; undefined for a create. */
  readonly live: JsonObject | undefined;
  /** The object as the client sent it, defaulted, before the kind's strategy touched it. */
  readonly given: JsonObject;
  readonly manager: string;
  readonly subresource: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Says in `object` who owns which of its fields after a write. */
export function trackOwnership(object: JsonObject, write: OwnedWrite): void {
  const { kind, live, given, manager, subresource, now } = write;
  updateManagedFields({
    schema: kind.schema,
    live,
    next: given,
    custom: kind.custom,
    manager,
    apiVersion: apiVersionOf(kind),
    subresource,
    now,
    resetFields: resetFields(kind, subresource),
  });
  setManagedFields(object, memberOf(metadataOf(given), 'managedFields'));
}

/** Sets `metadata.managedFields`, or takes them away. */
export function setManagedFields(object: JsonObject, managed: Json | undefined): void {
  if (managed === undefined) delete metadataOf(object)['managedFields'];
  else metadataOf(object)['managedFields'] = managed;
}

/** What an endpoint does not write whatever a request says: `/status` writes nothing but status, all others no status. */
export function resetFields(kind: Pick<Kind, 'custom' | 'subresources'>, subresource: string): string[][] {
  if (!kind.subresources.some(({ name }) => name === 'status')) return [];
  if (subresource !== 'status') return [['status']];
  return kind.custom ? [['metadata'], ['spec']] : [['spec']];
}
