import { RecordRing } from './record-ring.ts';
import type { Change, ObjectKey, StoredObject } from './store.ts';

/**
 * The newest changes and the objects that they left, in memory, so that a write that many watch is not read from disk for each
 * of them, and that who writes the same objects again and again, as kubelets do with their nodes and leases, has them at hand.
 * Bounded by size: the oldest go first, whatever their storage. What is kept is kept as bytes: as objects, most of which live
 * just long enough to be promoted, it was what made V8 collect its old generation more often than once a second.
 */
export class RecentChanges {
  readonly #ring: RecordRing;
  readonly #readState: (revision: number) => StoredObject;
  /** Before the first change that was added, nothing is known. */
  readonly #start: number;
  /** By storage, the newest revision that was let go. */
  readonly #forgotten = new Map<string, number>();
  readonly #storages: string[] = [];
  readonly #storageNumbers = new Map<string, number>();
  /** Of each record of the ring, in its slot. */
  readonly #revisions: Float64Array;
  /** The revision that a change replaced, 0 if none. */
  readonly #previous: Float64Array;
  readonly #storageOf: Uint32Array;
  readonly #types: Uint8Array;
  /** The record of each object's newest state. */
  readonly #newest = new Map<string, number>();
  /** The changes of the last commit as they were given: most who ask have all before. */
  #last: readonly Change[] = [];

  /**
   * @param limit about how many bytes it may hold
   * @param start the revision before the first change that it will be given
   * @param readState an older state that a change it was given has replaced
   */
  constructor(limit: number, start: number, readState: (revision: number) => StoredObject) {
    this.#ring = new RecordRing(limit, (number) => this.#forget(number));
    this.#readState = readState;
    this.#start = start;
    const { slots } = this.#ring;
    this.#revisions = new Float64Array(slots);
    this.#previous = new Float64Array(slots);
    this.#storageOf = new Uint32Array(slots);
    this.#types = new Uint8Array(slots);
  }

  /** Takes the changes of the next commit. */
  add(changes: readonly Change[]): void {
    for (const change of changes) this.#add(change);
    this.#last = changes;
  }

  /** The changes of a storage with revision > `after`, at most `limit`; undefined if some may be missing here. */
  after(storage: string, after: number, limit: number): Change[] | undefined {
    if (after < (this.#forgotten.get(storage) ?? this.#start)) return undefined;
    const found: Change[] = [];
    const [first] = this.#last;
    if (first !== undefined && after >= first.revision - 1) {
      for (const change of this.#last) {
        if (found.length >= limit) break;
        if (change.revision > after && change.object.storage === storage) found.push(change);
      }
      return found;
    }
    const wanted = this.#storageNumbers.get(storage);
    if (wanted === undefined) return found;
    for (let number = this.#find(after + 1); number < this.#ring.next && found.length < limit; number++)
      if (this.#storageOf[number % this.#ring.slots] === wanted) found.push(this.#change(number));
    return found;
  }

  /** The revision of the first of them; Infinity if there are none. */
  firstAfter(storage: string, after: number): number | undefined {
    if (after < (this.#forgotten.get(storage) ?? this.#start)) return undefined;
    const wanted = this.#storageNumbers.get(storage);
    for (let number = this.#find(after + 1); number < this.#ring.next; number++)
      if (this.#storageOf[number % this.#ring.slots] === wanted)
        return this.#revisions[number % this.#ring.slots];
    return Infinity;
  }

  /** The newest committed state of an object, if it is here. */
  newest(key: ObjectKey): StoredObject | undefined {
    const number = this.#newest.get(placeOf(key));
    return number === undefined ? undefined : this.#object(number);
  }

  #add(change: Change): void {
    const { object, type, revision } = change;
    const { storage, text, labels, fields } = object;
    const place = placeOf(object);
    if (type === 'deleted') this.#newest.delete(place);
    if (!this.#ring.push(`${JSON.stringify([labels, fields])}\n${place}`, text)) {
      this.#newest.delete(place);
      this.#forgotten.set(storage, revision);
      return;
    }
    const number = this.#ring.next - 1;
    const slot = number % this.#ring.slots;
    this.#revisions[slot] = revision;
    this.#previous[slot] = change.old?.revision ?? 0;
    this.#storageOf[slot] = this.#numberOf(storage);
    this.#types[slot] = TYPES.indexOf(type);
    if (type !== 'deleted') this.#newest.set(place, number);
  }

  #numberOf(storage: string): number {
    const known = this.#storageNumbers.get(storage);
    if (known !== undefined) return known;
    const number = this.#storages.push(storage) - 1;
    this.#storageNumbers.set(storage, number);
    return number;
  }

  #forget(number: number): void {
    const slot = number % this.#ring.slots;
    const storage = this.#storages[this.#storageOf[slot] ?? 0] ?? '';
    this.#forgotten.set(storage, this.#revisions[slot] ?? 0);
    const head = this.#ring.head(number);
    const place = head.slice(head.indexOf('\n') + 1);
    if (this.#newest.get(place) === number) this.#newest.delete(place);
  }

  /** The first record of a revision that is not below this one; that after all, if there is none. */
  #find(revision: number): number {
    let low = this.#ring.first;
    let high = this.#ring.next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#revisions[middle % this.#ring.slots] ?? 0) >= revision) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #change(number: number): Change {
    const slot = number % this.#ring.slots;
    const object = this.#object(number);
    const { revision } = object;
    const type = TYPES[this.#types[slot] ?? 0] ?? 'added';
    const previous = this.#previous[slot] ?? 0;
    return type === 'modified' && previous > 0
      ? { revision, type, object, old: this.#state(previous) }
      : { revision, type, object };
  }

  #state(revision: number): StoredObject {
    const number = this.#find(revision);
    const isHere = number < this.#ring.next && this.#revisions[number % this.#ring.slots] === revision;
    return isHere ? this.#object(number) : this.#readState(revision);
  }

  #object(number: number): StoredObject {
    const slot = number % this.#ring.slots;
    const head = this.#ring.head(number);
    const end = head.indexOf('\n');
    const [namespace = '', name = ''] = head.slice(end + 1).split('/', 2);
    const [labels, fields] = JSON.parse(head.slice(0, end)) as [
      Record<string, string>,
      Record<string, string>,
    ];
    return {
      storage: this.#storages[this.#storageOf[slot] ?? 0] ?? '',
      namespace,
      name,
      revision: this.#revisions[slot] ?? 0,
      text: this.#ring.body(number),
      labels,
      fields,
    };
  }
}

const TYPES: readonly Change['type'][] = ['added', 'modified', 'deleted'];

/** An object's key as one text. Neither a namespace nor a name has a slash in it (isStorable), so two keys are two texts. */
export function placeOf({ storage, namespace, name }: ObjectKey): string {
  return `${namespace}/${name}/${storage}`;
}
