import type { JsonObject } from '../../schema/index.ts';
import type { User } from './user.ts';

/** A write that is about to be stored. */
export interface AdmittedWrite {
  readonly user: User;
  /** A patch is an update; `create` is also what POST to a subresource is. */
  readonly operation: 'create' | 'update' | 'delete';
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** From the path; for a create, the object's own. */
  readonly name: string;
  /** What will be stored, or is posted; a delete has none. */
  readonly object?: JsonObject;
  /** What is stored until now. */
  readonly old?: JsonObject;
}
