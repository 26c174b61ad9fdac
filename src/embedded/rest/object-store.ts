import type { JsonObject } from '../../schema/index.ts';
import type { Kind, WriteContext } from '../kinds/index.ts';
import type { ObjectKey, ObjectRecord, StoredObject } from '../store/index.ts';
import { randomName, type ApiEnvironment } from './api-environment.ts';
import { labelsOf, metadataOf, nameOf, namespaceOf, storedText } from './object-metadata.ts';
import { StatusError } from '../status/index.ts';
import { objectValue } from './presentation.ts';

/** Where an object of this kind is stored. */
export function keyOf(kind: Kind, namespace: string, name: string): ObjectKey {
  return { storage: kind.storage, namespace: kind.namespaced ? namespace : '', name };
}

/** An object as a value in this kind's view; undefined if absent. */
export function readObject(
  environment: ApiEnvironment,
  kind: Kind,
  namespace: string,
  name: string,
): JsonObject | undefined {
  const stored = environment.store.get(keyOf(kind, namespace, name));
  return stored === undefined ? undefined : objectValue(kind, stored);
}

/** What etcd takes (--max-request-bytes), in bytes: else patches could make an object larger and larger. */
const MAX_OBJECT = 1_572_864;

/**
 * Stores an object at the next revision; its resourceVersion is set in place. Inside a transaction only.
 *
 * @throws StatusError 500 if it is too large, in the words of a server with etcd
 */
export function writeObject(environment: ApiEnvironment, kind: Kind, object: JsonObject): StoredObject {
  const record = recorder(kind, object);
  return environment.store.put(keyOf(kind, namespaceOf(object), nameOf(object)), (revision) => {
    const recorded = record(revision);
    // A character has at most three bytes.
    if (recorded.text.length * 3 > MAX_OBJECT && Buffer.byteLength(recorded.text) > MAX_OBJECT)
      throw new StatusError(500, undefined, 'etcdserver: request is too large');
    return recorded;
  });
}

/** Removes an object; its last state gets the deletion's revision. Inside a transaction only. */
export function removeObject(environment: ApiEnvironment, kind: Kind, object: JsonObject): StoredObject {
  return environment.store.delete(keyOf(kind, namespaceOf(object), nameOf(object)), recorder(kind, object));
}

function recorder(kind: Kind, object: JsonObject): (revision: number) => ObjectRecord {
  return (revision) => {
    metadataOf(object)['resourceVersion'] = String(revision);
    const stored = kind.view === undefined ? object : kind.view.toStored(object);
    return { text: storedText(stored), labels: labelsOf(object), fields: kind.fieldsOf(object) };
  };
}

/** What a kind's strategy may look at while it prepares a write. */
export function writeContext(environment: ApiEnvironment, warnings: string[]): WriteContext {
  return {
    now: environment.now(),
    randomName: (length) => randomName(environment.random, length),
    get: (apiVersion, kindName, namespace, name) => {
      const kind = environment.kinds.findByKind(apiVersion, kindName);
      return kind === undefined ? undefined : readObject(environment, kind, namespace, name);
    },
    warn: (text) => {
      if (!warnings.includes(text)) warnings.push(text);
    },
  };
}
