import { isTrueAt, objectsAt, textAt, type JsonObject } from '../../schema/index.ts';
import { metadataOf } from '../rest/index.ts';

/** One entry of `metadata.ownerReferences`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** In foreground deletion the owner stays until this dependant is gone. */
  readonly blocks: boolean;
}

export function ownersOf(object: JsonObject): OwnerReference[] {
  return objectsAt(object, 'metadata', 'ownerReferences').map((reference) => ({
    apiVersion: textAt(reference, 'apiVersion'),
    kind: textAt(reference, 'kind'),
    name: textAt(reference, 'name'),
    uid: textAt(reference, 'uid'),
    blocks: isTrueAt(reference, 'blockOwnerDeletion'),
  }));
}

/** The owners in a stored text, which is read only if there may be any. */
export function ownersIn(text: string): OwnerReference[] {
  return text.includes('"ownerReferences"') ? ownersOf(JSON.parse(text) as JsonObject) : [];
}

/** Takes references to these owners away. */
export function dropOwners(object: JsonObject, uids: ReadonlySet<string>): void {
  const left = objectsAt(object, 'metadata', 'ownerReferences').filter(
    (reference) => !uids.has(textAt(reference, 'uid')),
  );
  if (left.length === 0) delete metadataOf(object)['ownerReferences'];
  else metadataOf(object)['ownerReferences'] = left;
}

/** Lets all owners go before this dependant. */
export function unblockOwners(object: JsonObject): void {
  for (const reference of objectsAt(object, 'metadata', 'ownerReferences')) {
    if (isTrueAt(reference, 'blockOwnerDeletion')) reference['blockOwnerDeletion'] = false;
  }
}

/** `metadata.uid` of a stored text: metadata comes first there, and before the uid only what has no quotes or braces. */
const UID = /^\{"metadata":\{[^{}]*?"uid":"([^"\\]*)"/;

/** `metadata.uid` of a stored text. */
export function uidIn(text: string): string {
  return UID.exec(text)?.[1] ?? textAt(JSON.parse(text) as JsonObject, 'metadata', 'uid');
}
