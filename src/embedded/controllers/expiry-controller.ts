import { textAt } from '../../schema/index.ts';
import { finalizersOf, isBeingDeleted, metadataOf, objectValue } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';

const PODS = 'pods';
const EVENTS = 'events';

/** Events are kept for so long, in milliseconds (kube-apiserver --event-ttl). */
const EVENT_TTL = 3_600_000;

/** How often events are looked through, in milliseconds. */
const EVENT_SWEEP = 300_000;

/**
 * Removes what only time ends: events after an hour, and terminating pods at the end of their grace period, which a kubelet
 * does on a node that has one.
 */
export class ExpiryController implements Controller {
  readonly name = 'expiry';
  readonly #support: ControllerSupport;
  /** Deadlines of terminating pods, in milliseconds since 1970, by namespace and name. */
  readonly #terminating = new Map<
    string,
    { readonly namespace: string; readonly name: string; readonly at: number }
  >();
  #nextSweep = 0;

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  wants(storage: string): boolean {
    return storage === PODS;
  }

  begin(): void {
    for (const stored of this.#support.environment.store.list(PODS)) {
      this.observe({ revision: stored.revision, type: 'added', object: stored });
    }
  }

  observe({ type, object }: Change): void {
    const id = `${object.namespace}/${object.name}`;
    if (type === 'deleted' || !object.text.includes('"deletionTimestamp"')) {
      this.#terminating.delete(id);
      return;
    }
    const metadata = metadataOf(JSON.parse(object.text) as Parameters<typeof metadataOf>[0]);
    const at = Date.parse(textAt(metadata, 'deletionTimestamp'));
    if (!Number.isNaN(at)) this.#terminating.set(id, { namespace: object.namespace, name: object.name, at });
  }

  work(): number {
    const now = this.#support.environment.now();
    this.#terminatePods(now);
    if (now >= this.#nextSweep) {
      this.#nextSweep = now + EVENT_SWEEP;
      this.#expireEvents(now);
    }
    const next = Math.min(this.#nextSweep, ...[...this.#terminating.values()].map(({ at }) => at));
    return Math.max(100, next - now);
  }

  #terminatePods(now: number): void {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Pod');
    if (kind === undefined) return;
    for (const [id, { namespace, name, at }] of this.#terminating) {
      if (at > now) continue;
      this.#terminating.delete(id);
      const pod = client.get(kind, namespace, name);
      // A pod that finalizers hold goes with the last of them.
      if (pod !== undefined && isBeingDeleted(pod) && finalizersOf(pod).length === 0) {
        client.delete(kind, pod, { gracePeriodSeconds: 0 });
      }
    }
  }

  #expireEvents(now: number): void {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Event');
    if (kind === undefined) return;
    for (const stored of environment.store.list(EVENTS)) {
      const event = objectValue(kind, stored);
      const times = [
        textAt(event, 'lastTimestamp'),
        textAt(event, 'eventTime'),
        textAt(metadataOf(event), 'creationTimestamp'),
      ];
      const last = Math.max(...times.map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time)));
      if (last + EVENT_TTL < now) client.delete(kind, event);
    }
  }
}
