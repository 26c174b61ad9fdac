import type { JsonObject } from '../../schema/index.ts';
import { textAt } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { finalizersOf, isBeingDeleted, objectValue, setFinalizers } from '../rest/index.ts';
import type { Change, StoredObject } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { Dependants } from './dependants.ts';
import { idOf, keyOf } from './object-id.ts';
import {
  dropOwners,
  ownersIn,
  ownersOf,
  uidIn,
  unblockOwners,
  type OwnerReference,
} from './owner-references.ts';
import { storedObjects } from './stored-objects.ts';
import { WorkQueue } from './work-queue.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** Dependants that are let go of at a time. */
const BATCH = 500;

/** Longer ones are not looked for. */
const LONGEST_CIRCLE = 1000;

/** `waits`: it is being deleted, and lets its dependants go first. `unknown`: nobody can tell. */
type OwnerState = 'absent' | 'holds' | 'unknown' | 'waits';

/**
 * Deletes what its owners left behind (kubernetes-api §10; k8s.io/kubernetes pkg/controller/garbagecollector): background
 * deletion, foreground deletion (dependants first) and orphaning.
 */
export class GarbageCollector implements Controller {
  readonly name = 'garbage-collector';
  readonly #support: ControllerSupport;
  readonly #dependants = new Dependants();
  /** Objects to look at: their owners may be gone, or going, or they themselves wait for their dependants. */
  readonly #queue: WorkQueue;
  /** Owners that wait for their dependants, by uid. */
  readonly #waiting = new Map<string, string>();
  /** Objects of whose owners nothing is known before another kind is served. */
  readonly #unknown = new Set<string>();
  #generation = 0;

  constructor(support: ControllerSupport) {
    this.#support = support;
    this.#queue = new WorkQueue(this.name, support.report);
  }

  wants(): boolean {
    return true;
  }

  begin(): void {
    this.#dependants.clear();
    this.#waiting.clear();
    this.#unknown.clear();
    const { store, kinds } = this.#support.environment;
    for (const storage of new Set(kinds.all.map((kind) => kind.storage))) {
      for (const object of storedObjects(store, storage)) this.#note(object);
    }
    for (const id of this.#dependants.ids()) this.#queue.add(id);
  }

  observe({ type, object }: Change): void {
    if (type !== 'deleted') {
      this.#note(object);
      return;
    }
    const id = idOf(object);
    this.#wake(id);
    this.#dependants.set(id, []);
    this.#queue.delete(id);
    this.#unknown.delete(id);
    const uid = uidIn(object.text);
    this.#waiting.delete(uid);
    for (const dependant of this.#dependants.of(uid)) this.#queue.add(dependant);
  }

  work(): number | undefined {
    const { environment } = this.#support;
    if (environment.kinds.generation !== this.#generation) {
      this.#generation = environment.kinds.generation;
      for (const id of this.#unknown) this.#queue.add(id);
      this.#unknown.clear();
    }
    return this.#queue.work(environment.now(), (id) => this.#look(id));
  }

  #note(object: StoredObject): void {
    const { text } = object;
    const id = idOf(object);
    if (text.includes(`"${FOREGROUND}"`) || text.includes(`"${ORPHAN}"`)) this.#queue.add(id);
    if (!this.#dependants.has(id) && !text.includes('"ownerReferences"')) return;
    // An owner that waits for it may be free now, also where it stays but does not hold it any more.
    this.#wake(id);
    if (
      this.#dependants.set(
        id,
        ownersIn(text).map(({ uid }) => uid),
      )
    )
      this.#queue.add(id);
  }

  /** Has the owners of an object looked at that wait for it. */
  #wake(id: string): void {
    if (this.#waiting.size === 0) return;
    for (const uid of this.#dependants.ownersOf(id)) {
      const owner = this.#waiting.get(uid);
      if (owner !== undefined) this.#queue.add(owner);
    }
  }

  #look(id: string): number | undefined {
    const key = keyOf(id);
    const stored = this.#support.environment.store.get(key);
    const kind = this.#kindIn(key.storage);
    if (stored === undefined || kind === undefined) return undefined;
    const object = objectValue(kind, stored);
    if (!isBeingDeleted(object)) {
      this.#judge(id, kind, object);
      return undefined;
    }
    const finalizers = finalizersOf(object);
    if (finalizers.includes(ORPHAN)) return this.#orphan(kind, object);
    if (finalizers.includes(FOREGROUND)) this.#settle(id, kind, object);
    return undefined;
  }

  /** Deletes a dependant that no owner holds any more; takes away references to owners that are gone where others hold it. */
  #judge(id: string, kind: Kind, object: JsonObject): void {
    const owners = ownersOf(object);
    if (owners.length === 0) return;
    const namespace = textAt(object, 'metadata', 'namespace');
    const states = owners.map((owner) => this.#stateOf(owner, namespace));
    if (states.includes('unknown')) {
      this.#unknown.add(id);
      return;
    }
    const { client } = this.#support;
    if (states.includes('holds')) {
      // One that waits would wait for ever: this dependant stays.
      const gone = owners.filter((_, index) => states[index] !== 'holds').map(({ uid }) => uid);
      if (gone.length > 0) client.update(kind, object, (next) => dropOwners(next, new Set(gone)));
      return;
    }
    const uid = textAt(object, 'metadata', 'uid');
    if (!states.includes('waits') || this.#dependants.of(uid).size === 0) {
      client.delete(kind, object, { propagation: propagationOf(object) });
      return;
    }
    const isCircle = [...this.#dependants.of(uid)].some((dependant) => this.#isSettling(dependant));
    // In a circle all would wait for one another.
    const next = isCircle ? client.update(kind, object, unblockOwners) : object;
    client.delete(kind, next, { propagation: 'Foreground' });
  }

  #isSettling(id: string): boolean {
    const { storage, ...rest } = keyOf(id);
    const kind = this.#kindIn(storage);
    const stored = this.#support.environment.store.get({ storage, ...rest });
    if (kind === undefined || stored?.text.includes(`"${FOREGROUND}"`) !== true) return false;
    return isWaiting(objectValue(kind, stored));
  }

  #stateOf(owner: OwnerReference, namespace: string): OwnerState {
    const { environment } = this.#support;
    const kind = environment.kinds.findByKind(owner.apiVersion, owner.kind);
    // A kind that is not served (yet) says nothing of its objects; nor is there a namespace to look for the owner of an
    // object that is in none.
    if (kind === undefined || (kind.namespaced && namespace === '')) return 'unknown';
    const found = environment.store.get({
      storage: kind.storage,
      namespace: kind.namespaced ? namespace : '',
      name: owner.name,
    });
    if (found === undefined || uidIn(found.text) !== owner.uid) return 'absent';
    if (!found.text.includes(`"${FOREGROUND}"`)) return 'holds';
    return isWaiting(objectValue(kind, found)) ? 'waits' : 'holds';
  }

  /** Lets the dependants of an object that is being deleted live on. @returns 0 if there are more */
  #orphan(kind: Kind, object: JsonObject): number | undefined {
    const { client } = this.#support;
    const uid = textAt(object, 'metadata', 'uid');
    let released = 0;
    for (const id of this.#dependants.of(uid)) {
      if (released === BATCH) return 0;
      if (this.#release(id, uid)) released++;
    }
    client.update(kind, object, (next) => dropFinalizer(next, ORPHAN));
    return undefined;
  }

  #release(id: string, uid: string): boolean {
    const key = keyOf(id);
    const { client, environment } = this.#support;
    const kind = this.#kindIn(key.storage);
    const stored = environment.store.get(key);
    if (kind === undefined || stored === undefined) return false;
    if (!ownersIn(stored.text).some((owner) => owner.uid === uid)) return false;
    client.update(kind, objectValue(kind, stored), (next) => dropOwners(next, new Set([uid])));
    return true;
  }

  /** Lets an owner go whose dependants are gone, or do not hold it. */
  #settle(id: string, kind: Kind, object: JsonObject): void {
    const { client } = this.#support;
    const uid = textAt(object, 'metadata', 'uid');
    const dependants = this.#dependants.of(uid);
    const isFirst = this.#waiting.get(uid) !== id;
    this.#waiting.set(uid, id);
    if (isFirst) for (const dependant of dependants) this.#queue.add(dependant);
    for (const dependant of dependants)
      if (this.#holdsBack(dependant, uid) && !this.#waitsFor(dependant, uid, new Set())) return;
    client.update(kind, object, (next) => dropFinalizer(next, FOREGROUND));
    this.#waiting.delete(uid);
  }

  #holdsBack(id: string, uid: string): boolean {
    const text = this.#support.environment.store.get(keyOf(id))?.text ?? '';
    return ownersIn(text).some((owner) => owner.uid === uid && owner.blocks);
  }

  /** Whether a dependant is being deleted in the foreground too, and waits itself for the owner: in a circle. */
  #waitsFor(id: string, owner: string, visited: Set<string>): boolean {
    if (visited.has(id) || visited.size > LONGEST_CIRCLE) return false;
    visited.add(id);
    const uid = uidIn(this.#support.environment.store.get(keyOf(id))?.text ?? '{}');
    if (uid === owner) return true;
    if (!this.#isSettling(id)) return false;
    for (const next of this.#dependants.of(uid))
      if (this.#holdsBack(next, uid) && this.#waitsFor(next, owner, visited)) return true;
    return false;
  }

  #kindIn(storage: string): Kind | undefined {
    return this.#support.environment.kinds.storedIn(storage).find(({ view }) => view === undefined);
  }
}

/** What the object's own finalizers say that is to become of its dependants. */
function propagationOf(object: JsonObject): 'Background' | 'Foreground' | 'Orphan' {
  const finalizers = finalizersOf(object);
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

function isWaiting(object: JsonObject): boolean {
  return isBeingDeleted(object) && finalizersOf(object).includes(FOREGROUND);
}

function dropFinalizer(object: JsonObject, finalizer: string): void {
  setFinalizers(
    object,
    finalizersOf(object).filter((name) => name !== finalizer),
  );
}
