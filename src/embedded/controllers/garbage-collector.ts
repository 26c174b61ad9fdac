import { isJsonObject, textAt, type JsonObject } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { finalizersOf, isBeingDeleted, metadataOf, objectValue, setFinalizers } from '../rest/index.ts';
import type { Change, ObjectKey, StoredObject } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly blocks: boolean;
}

/** What is remembered of an object that has owners. */
interface Dependant {
  readonly key: ObjectKey;
  readonly owners: readonly OwnerReference[];
}

/**
 * Deletes what its owners left behind (kubernetes-api §10): background deletion, foreground deletion (dependants first) and
 * orphaning. Knows the objects that have owners, by their owners' uids; nothing else is kept in memory.
 */
export class GarbageCollector implements Controller {
  readonly name = 'garbage-collector';
  readonly #support: ControllerSupport;
  readonly #dependants = new Map<string, Dependant>();
  readonly #byOwner = new Map<string, Set<string>>();
  /** Dependants to look at: an owner went, or they are new. */
  readonly #suspects = new Set<string>();
  /** Owners that wait for their dependants, or for letting go of them. */
  readonly #waiting = new Map<string, ObjectKey>();

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  wants(): boolean {
    return true;
  }

  begin(): void {
    this.#dependants.clear();
    this.#byOwner.clear();
    this.#waiting.clear();
    const { store, kinds } = this.#support.environment;
    for (const storage of new Set(kinds.all.map((kind) => kind.storage))) {
      for (const object of store.list(storage)) this.#note(object);
    }
    for (const id of this.#dependants.keys()) this.#suspects.add(id);
  }

  observe({ type, object }: Change): void {
    if (type !== 'deleted') {
      this.#note(object);
      return;
    }
    const id = idOf(object);
    this.#forget(id);
    this.#waiting.delete(id);
    const uid = uidIn(object.text);
    for (const dependant of this.#byOwner.get(uid) ?? []) this.#suspects.add(dependant);
    // An owner that waits for this dependant may be free now.
    this.#wakeOwners(object.text);
  }

  work(): undefined {
    // Those of now: what is done here may bring more, for the next time.
    const suspects = [...this.#suspects];
    for (const id of suspects) {
      this.#suspects.delete(id);
      this.#judge(id);
    }
    const waiting = [...this.#waiting];
    for (const [id, key] of waiting) {
      if (this.#settle(key)) this.#waiting.delete(id);
    }
    return undefined;
  }

  #note(object: StoredObject): void {
    const id = idOf(object);
    const { text } = object;
    if (text.includes('"foregroundDeletion"') || text.includes('"orphan"'))
      this.#waiting.set(id, keyOf(object));
    const had = this.#dependants.get(id);
    if (!text.includes('"ownerReferences"')) {
      if (had !== undefined) this.#forget(id);
      return;
    }
    const owners = ownersIn(JSON.parse(text) as JsonObject);
    if (had !== undefined && sameOwners(had.owners, owners)) return;
    this.#forget(id);
    if (owners.length === 0) return;
    this.#dependants.set(id, { key: keyOf(object), owners });
    for (const { uid } of owners) {
      const set = this.#byOwner.get(uid) ?? new Set();
      set.add(id);
      this.#byOwner.set(uid, set);
    }
    this.#suspects.add(id);
  }

  #forget(id: string): void {
    for (const { uid } of this.#dependants.get(id)?.owners ?? []) {
      const set = this.#byOwner.get(uid);
      set?.delete(id);
      if (set?.size === 0) this.#byOwner.delete(uid);
    }
    this.#dependants.delete(id);
  }

  #wakeOwners(text: string): void {
    if (!text.includes('"ownerReferences"')) return;
    for (const { apiVersion, kind, name } of ownersIn(JSON.parse(text) as JsonObject)) {
      const found = this.#support.environment.kinds.findByKind(apiVersion, kind);
      if (found === undefined) continue;
      const namespace = textAt(metadataOf(JSON.parse(text) as JsonObject), 'namespace');
      const key = { storage: found.storage, namespace: found.namespaced ? namespace : '', name };
      const owner = this.#support.environment.store.get(key);
      if (owner?.text.includes('"foregroundDeletion"') === true) this.#waiting.set(idOf(owner), key);
    }
  }

  /** Deletes a dependant that no owner holds any more; takes away references to owners that are gone where others hold it. */
  #judge(id: string): void {
    const dependant = this.#dependants.get(id);
    if (dependant === undefined) return;
    const { environment, client } = this.#support;
    const stored = environment.store.get(dependant.key);
    const kind = this.#kindOf(dependant.key);
    if (stored === undefined || kind === undefined) return;
    const states = dependant.owners.map((owner) => ({
      owner,
      state: this.#stateOf(owner, dependant.key.namespace),
    }));
    const gone = states.filter(({ state }) => state !== 'holds');
    if (gone.length === 0) return;
    const object = objectValue(kind, stored);
    if (gone.length < states.length) {
      const absent = new Set(states.filter(({ state }) => state === 'absent').map(({ owner }) => owner.uid));
      if (absent.size > 0) client.update(kind, object, (next) => dropOwners(next, absent));
      return;
    }
    if (isBeingDeleted(object)) return;
    const isForeground = states.some(({ owner, state }) => state === 'waits' && owner.blocks);
    client.delete(
      kind,
      object,
      isForeground && this.#byOwner.has(uidIn(stored.text)) ? { propagation: 'Foreground' } : {},
    );
  }

  /** `waits`: the owner is being deleted in the foreground and lets its dependants go first. */
  #stateOf(owner: OwnerReference, namespace: string): 'holds' | 'waits' | 'absent' {
    const { environment } = this.#support;
    const kind = environment.kinds.findByKind(owner.apiVersion, owner.kind);
    // A kind that is not served (yet) says nothing of its objects.
    if (kind === undefined) return 'holds';
    const found = environment.store.get({
      storage: kind.storage,
      namespace: kind.namespaced ? namespace : '',
      name: owner.name,
    });
    if (found === undefined || uidIn(found.text) !== owner.uid) return 'absent';
    const object = objectValue(kind, found);
    return isBeingDeleted(object) && finalizersOf(object).includes('foregroundDeletion') ? 'waits' : 'holds';
  }

  /** @returns whether nothing is left to do for this owner */
  #settle(key: ObjectKey): boolean {
    const { environment, client } = this.#support;
    const stored = environment.store.get(key);
    const kind = this.#kindOf(key);
    if (stored === undefined || kind === undefined) return true;
    const object = objectValue(kind, stored);
    if (!isBeingDeleted(object)) return true;
    const finalizers = finalizersOf(object);
    const uid = textAt(metadataOf(object), 'uid');
    const ids = [...(this.#byOwner.get(uid) ?? [])];
    if (finalizers.includes('orphan')) {
      for (const id of ids) this.#release(id, uid);
      client.update(kind, object, (next) =>
        setFinalizers(
          next,
          finalizers.filter((name) => name !== 'orphan'),
        ),
      );
      return true;
    }
    if (!finalizers.includes('foregroundDeletion')) return true;
    for (const id of ids) this.#judge(id);
    const isBlocked = ids.some((id) => this.#blocks(id, uid));
    if (isBlocked) return false;
    client.update(kind, object, (next) =>
      setFinalizers(
        next,
        finalizers.filter((name) => name !== 'foregroundDeletion'),
      ),
    );
    return true;
  }

  #blocks(id: string, uid: string): boolean {
    const dependant = this.#dependants.get(id);
    if (dependant === undefined || this.#support.environment.store.get(dependant.key) === undefined)
      return false;
    return dependant.owners.some((owner) => owner.uid === uid && owner.blocks);
  }

  #release(id: string, uid: string): void {
    const dependant = this.#dependants.get(id);
    const kind = dependant === undefined ? undefined : this.#kindOf(dependant.key);
    if (dependant === undefined || kind === undefined) return;
    const stored = this.#support.environment.store.get(dependant.key);
    if (stored === undefined) return;
    this.#support.client.update(kind, objectValue(kind, stored), (next) => dropOwners(next, new Set([uid])));
  }

  #kindOf({ storage }: ObjectKey): Kind | undefined {
    return this.#support.environment.kinds.all.find(
      (kind) => kind.storage === storage && kind.view === undefined,
    );
  }
}

function ownersIn(object: JsonObject): OwnerReference[] {
  const references = metadataOf(object)['ownerReferences'];
  if (!Array.isArray(references)) return [];
  return references.filter(isJsonObject).map((reference) => ({
    apiVersion: textAt(reference, 'apiVersion'),
    kind: textAt(reference, 'kind'),
    name: textAt(reference, 'name'),
    uid: textAt(reference, 'uid'),
    blocks: reference['blockOwnerDeletion'] === true,
  }));
}

function sameOwners(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function dropOwners(object: JsonObject, uids: ReadonlySet<string>): void {
  const metadata = metadataOf(object);
  const references = Array.isArray(metadata['ownerReferences']) ? metadata['ownerReferences'] : [];
  const left = references.filter(
    (reference) => !isJsonObject(reference) || !uids.has(textAt(reference, 'uid')),
  );
  if (left.length === 0) delete metadata['ownerReferences'];
  else metadata['ownerReferences'] = left;
}

function keyOf({ storage, namespace, name }: ObjectKey): ObjectKey {
  return { storage, namespace, name };
}

function idOf({ storage, namespace, name }: ObjectKey): string {
  return `${storage}\u0000${namespace}\u0000${name}`;
}

/** `metadata.uid` of a stored text. */
function uidIn(text: string): string {
  return textAt(metadataOf(JSON.parse(text) as JsonObject), 'uid');
}
