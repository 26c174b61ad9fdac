import { objectsAt, textAt, type JsonObject } from '../../schema/index.ts';
import { isBeingDeleted, objectValue } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { idOf, keyOf } from './object-id.ts';
import { storedObjects } from './stored-objects.ts';
import { WorkQueue } from './work-queue.ts';

const PODS = 'pods';
const EVENTS = 'events';

/** Events are kept for so long after they were last written, in milliseconds (kube-apiserver --event-ttl). */
const EVENT_TTL = 3_600_000;

/** How often events are looked through, in milliseconds. */
const EVENT_SWEEP = 300_000;

/** Events that one pass removes. */
const BATCH = 500;

/**
 * Removes what only time ends: events after an hour, and terminating pods at the end of their grace period, which a kubelet
 * does on a node that has one.
 */
export class ExpiryController implements Controller {
  readonly name = 'expiry';
  readonly #support: ControllerSupport;
  /** Terminating pods, to be looked at at their end. */
  readonly #pods: WorkQueue;
  #nextSweep = 0;

  constructor(support: ControllerSupport) {
    this.#support = support;
    this.#pods = new WorkQueue(this.name, support.report);
  }

  wants(storage: string): boolean {
    return storage === PODS;
  }

  begin(): void {
    for (const stored of storedObjects(this.#support.environment.store, PODS)) {
      this.observe({ revision: stored.revision, type: 'added', object: stored });
    }
  }

  observe({ type, object }: Change): void {
    const id = idOf(object);
    if (type === 'deleted' || !object.text.includes('"deletionTimestamp"')) {
      this.#pods.delete(id);
      return;
    }
    const at = Date.parse(textAt(JSON.parse(object.text) as JsonObject, 'metadata', 'deletionTimestamp'));
    if (!Number.isNaN(at)) this.#pods.addAt(id, at);
  }

  work(): number {
    const now = this.#support.environment.now();
    const next = this.#pods.work(now, (id) => this.#endPod(id));
    const hasMore = now >= this.#nextSweep && this.#expireEvents(now);
    if (!hasMore && now >= this.#nextSweep) this.#nextSweep = now + EVENT_SWEEP;
    return Math.max(0, Math.min(this.#nextSweep - now, next ?? Infinity));
  }

  #endPod(id: string): undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Pod');
    const { namespace, name } = keyOf(id);
    const pod = kind === undefined ? undefined : client.get(kind, namespace, name);
    // One that finalizers hold goes with the last of them.
    if (kind !== undefined && pod !== undefined && isBeingDeleted(pod))
      client.delete(kind, pod, { gracePeriodSeconds: 0 });
  }

  /** @returns whether there are more */
  #expireEvents(now: number): boolean {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Event');
    if (kind === undefined) return false;
    let removed = 0;
    for (const stored of storedObjects(environment.store, EVENTS)) {
      const event = objectValue(kind, stored);
      if (writtenAt(event) + EVENT_TTL > now) continue;
      if (removed === BATCH) return true;
      client.delete(kind, event);
      removed++;
    }
    return false;
  }
}

/** By the server's own times: what an event says of itself is its author's word. Milliseconds since 1970. */
function writtenAt(event: JsonObject): number {
  const times = [
    textAt(event, 'metadata', 'creationTimestamp'),
    ...objectsAt(event, 'metadata', 'managedFields').map((entry) => textAt(entry, 'time')),
  ].map((time) => Date.parse(time));
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)));
}
