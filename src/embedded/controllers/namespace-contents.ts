import { finalizersOf, isBeingDeleted, objectValue } from '../rest/index.ts';
import type { Kind } from '../kinds/index.ts';
import type { ControllerSupport } from './controller.ts';
import { storedObjects } from './stored-objects.ts';

/** Objects that are deleted at a time; others get their turn in between. */
const BATCH = 500;

/** What is left of a namespace's objects after a pass. */
export interface Contents {
  /** There is more to delete at once. */
  readonly hasMore: boolean;
  /** How many there are of each resource, as conditions name them: `pods.`, `deployments.apps`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** How many each finalizer holds. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** Deletes what is in a namespace, or a part of it. What is being deleted already is only counted. */
export function emptyNamespace(support: ControllerSupport, namespace: string): Contents {
  const { environment, client } = support;
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();
  let deleted = 0;
  for (const kind of storedKinds(support)) {
    for (const stored of storedObjects(environment.store, kind.storage, namespace)) {
      if (deleted === BATCH) return { hasMore: true, remaining, finalizers };
      const object = objectValue(kind, stored);
      if (!isBeingDeleted(object)) {
        client.delete(kind, object);
        deleted++;
      }
      const left = environment.store.get(stored);
      if (left === undefined) continue;
      count(remaining, `${kind.plural}.${kind.group}`);
      for (const finalizer of new Set(finalizersOf(objectValue(kind, left)))) count(finalizers, finalizer);
    }
  }
  return { hasMore: false, remaining, finalizers };
}

/** One kind for each place where objects of namespaces are stored. */
function storedKinds({ environment }: ControllerSupport): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const kind of environment.kinds.all)
    if (kind.namespaced && kind.view === undefined && !kinds.has(kind.storage)) kinds.set(kind.storage, kind);
  return [...kinds.values()];
}

function count(numbers: Map<string, number>, key: string): void {
  numbers.set(key, (numbers.get(key) ?? 0) + 1);
}
