import { objectsAt, textAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf, hasCondition, putCondition } from '../kinds/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { idOf, keyOf } from './object-id.ts';
import { storedObjects } from './stored-objects.ts';
import { WorkQueue } from './work-queue.ts';

const LEASES = 'coordination.k8s.io/leases';
const LEASE_NAMESPACE = 'kube-node-lease';

/** A node that has renewed its Lease within so many milliseconds is alive (kube-controller-manager --node-monitor-grace-period). */
const GRACE = 40_000;

/**
 * Says of nodes whose kubelet is silent that nobody knows how they are, and that their pods are not ready, as
 * kube-controller-manager does. A Node that never had a Lease is nobody's kubelet's, and left alone. It measures how long it has
 * not seen a Lease change itself: whoever writes one may have another clock.
 */
export class NodeLifecycleController implements Controller {
  readonly name = 'node-lifecycle';
  readonly #support: ControllerSupport;
  readonly #queue: WorkQueue;

  constructor(support: ControllerSupport) {
    this.#support = support;
    this.#queue = new WorkQueue(this.name, support.report);
  }

  wants(storage: string): boolean {
    return storage === LEASES;
  }

  begin(): void {
    for (const stored of storedObjects(this.#support.environment.store, LEASES)) {
      this.observe({ revision: stored.revision, type: 'added', object: stored });
    }
  }

  observe({ type, object }: Change): void {
    const id = idOf(object);
    if (keyOf(id).namespace !== LEASE_NAMESPACE) return;
    if (type === 'deleted') this.#queue.delete(id);
    else this.#queue.addAt(id, this.#support.environment.now() + GRACE);
  }

  work(): number | undefined {
    return this.#queue.work(this.#support.environment.now(), (id) => this.#lose(keyOf(id).name));
  }

  #lose(name: string): undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Node');
    const node = kind === undefined ? undefined : client.get(kind, '', name);
    if (kind === undefined || node === undefined) return undefined;
    const types = objectsAt(node, 'status', 'conditions').map((condition) => textAt(condition, 'type'));
    if (types.every((type) => textAt(conditionOf(node, type), 'status') === 'Unknown')) return undefined;
    const unknown = {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: this.#time(),
    };
    const lose = (next: JsonObject): void => {
      for (const type of types) putCondition(next, { ...conditionOf(next, type), ...unknown });
    };
    client.update(kind, node, lose, 'status');
    this.#losePods(name);
    return undefined;
  }

  #losePods(node: string): void {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Pod');
    if (kind === undefined) return;
    for (const stored of storedObjects(environment.store, 'pods')) {
      // Not parsed: a computer that slept loses all of its nodes at once, and each looks at the pods of all.
      if (stored.fields['spec.nodeName'] !== node) continue;
      const found = client.get(kind, stored.namespace, stored.name);
      if (found === undefined || !hasCondition(found, 'Ready')) continue;
      const notReady = {
        type: 'Ready',
        status: 'False',
        reason: 'NodeNotReady',
        lastTransitionTime: this.#time(),
      };
      client.update(kind, found, (next) => putCondition(next, notReady), 'status');
    }
  }

  /** Times of conditions have no fractions. */
  #time(): string {
    return new Date(this.#support.environment.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}
