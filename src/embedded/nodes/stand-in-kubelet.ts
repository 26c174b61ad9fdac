import {
  Backoff,
  type Clock,
  Informer,
  isKubeError,
  type KubeClient,
  type KubeObject,
  LEASES,
  pause,
  resourceType,
  type ResourceType,
} from '../../kube/index.ts';
import type { MachineBoot } from './node-machine.ts';
import { readyStatus, shuttingDownStatus } from './node-status.ts';
import {
  isFinished,
  type NodePod,
  runningStatus,
  runsIn,
  stoppedStatus,
  terminationTime,
} from './pod-status.ts';

export interface StandInKubeletOptions {
  /** As the node: `system:node:NAME` of `system:nodes`. Not closed by the kubelet. */
  readonly client: KubeClient;
  readonly node: string;
  /** As Go names it. */
  readonly architecture: string;
  readonly clock: Clock;
  /** Told of what is tried again by itself. */
  readonly report: (message: string) => void;
}

const NODES: ResourceType = resourceType({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

const PODS: ResourceType<NodePod> = resourceType({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
});

const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
/** As a kubelet's: milliseconds. */
const RENEWAL = 10_000;
/** Less than what makes a node a silent one; milliseconds. */
const SILENCE = 30_000;
const PAUSES = { first: 250, factor: 2, longest: 10_000, jitter: 0.2, reset: 60_000 };

/** What is to be said of the node: that it runs this boot, or that it went down in order; undefined: nothing. */
type Word = { readonly boot: MachineBoot } | 'down' | undefined;

/**
 * What a kubelet does of which others of the cluster take notice, and no more: it says that the node is ready, renews its Lease,
 * has the pods that are bound to it run, and ends those that are deleted. Containers there are none. At rest it writes its Lease
 * every ten seconds and nothing else.
 */
export class StandInKubelet {
  readonly #options: StandInKubeletOptions;
  readonly #pods: Informer<NodePod>;
  readonly #backoff: Backoff;
  #word: Word;
  /** The last word has reached the API server. */
  #isSaid = true;
  #renewAt = 0;
  /** When the Lease was renewed last, as the wall has it. */
  #renewedAt = 0;
  /** When pods that were told to end have ended, by their uid; milliseconds of the clock. */
  readonly #ends = new Map<string, number>();
  #wake: () => void = () => {};
  /** Something happened since the last turn began. */
  #isStale = false;

  constructor(options: StandInKubeletOptions) {
    this.#options = options;
    this.#backoff = new Backoff(PAUSES, options.clock);
    const selection = { fieldSelector: `spec.nodeName=${options.node}` };
    this.#pods = new Informer(options.client, { type: PODS, selection }, (error) =>
      this.#complain('follow its pods', error),
    );
    this.#pods.subscribe(({ type, object }) => {
      if (type === 'deleted') this.#ends.delete(object.metadata.uid ?? '');
      this.#poke();
    });
  }

  /** The node's user space is up. */
  booted(boot: MachineBoot): void {
    this.#say({ boot });
    this.#renewAt = 0;
  }

  /** @param isOrderly whether a kubelet could have said so: after a power cut it cannot */
  down(isOrderly: boolean): void {
    if (isOrderly) this.#say('down');
    else this.#word = undefined;
  }

  /** Works until the signal aborts; what was to be said and is not yet is then tried once more. */
  async run(signal: AbortSignal): Promise<void> {
    const followed = this.#pods.run(signal);
    while (!signal.aborted) {
      const delay = await this.#turn(signal);
      if (delay > 0) await this.#sleep(delay, signal);
    }
    await followed;
    if (!this.#isSaid) await this.#tell(AbortSignal.timeout(2000)).catch(() => undefined);
  }

  #say(word: Word): void {
    this.#word = word;
    this.#isSaid = false;
    this.#poke();
  }

  #poke(): void {
    this.#isStale = true;
    this.#wake();
  }

  /** @returns milliseconds until the next one, if nothing happens before */
  async #turn(signal: AbortSignal): Promise<number> {
    this.#isStale = false;
    try {
      const { clock } = this.#options;
      // First: nobody says of a node with a fresh Lease that it is silent, and so what is told stays.
      if (typeof this.#word === 'object' && clock.now() >= this.#renewAt) await this.#renew(signal);
      if (!this.#isSaid) await this.#tell(signal);
      const word = this.#word;
      let next = typeof word === 'object' ? this.#renewAt - clock.now() : Infinity;
      for (const pod of this.#pods.cache.values()) {
        next = Math.min(next, await this.#manage(pod, word, signal));
      }
      if (!this.#isSaid) return 0;
      return Math.max(0, Math.min(next, RENEWAL));
    } catch (error) {
      if (signal.aborted) return 0;
      this.#complain('say how it is', error);
      return this.#backoff.next();
    }
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { client, node, architecture, clock } = this.#options;
    const word = this.#word;
    if (word === undefined) {
      this.#isSaid = true;
      return;
    }
    const now = new Date(clock.wall());
    const status =
      word === 'down' ? shuttingDownStatus(now) : readyStatus(node, word.boot, architecture, now);
    const key = { namespace: '', name: node };
    await client.patch(
      NODES,
      key,
      { type: 'strategic', patch: { status } },
      { signal, subresource: 'status' },
    );
    // It may have gone down meanwhile.
    if (this.#word === word) this.#isSaid = true;
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { client, node, clock } = this.#options;
    const key = { namespace: LEASE_NAMESPACE, name: node };
    const renewTime = new Date(clock.wall()).toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: node, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    try {
      await client.patch(LEASES, key, { type: 'merge', patch: { spec } }, { signal });
    } catch (error) {
      if (!isKubeError(error, 'not-found')) throw error;
      await client.create(
        LEASES,
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { ...key, ...(await this.#owner(signal)) },
          spec,
        },
        { signal },
      );
    }
    this.#renewAt = clock.now() + RENEWAL;
    const wall = clock.wall();
    // The computer slept, or its clock was set: somebody may have said meanwhile that nobody knows how the node is.
    if (wall - this.#renewedAt >= SILENCE) this.#isSaid = false;
    this.#renewedAt = wall;
  }

  /** The Lease goes with its Node. */
  async #owner(signal: AbortSignal): Promise<Pick<KubeObject['metadata'], 'ownerReferences'>> {
    const { client, node } = this.#options;
    const { metadata } = await client.get(NODES, { namespace: '', name: node }, { signal });
    const { uid = '' } = metadata;
    return { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid }] };
  }

  /** @returns milliseconds until the pod is to be looked at again */
  async #manage(pod: NodePod, word: Word, signal: AbortSignal): Promise<number> {
    const { uid = '', deletionTimestamp } = pod.metadata;
    if (word === undefined || isFinished(pod)) return Infinity;
    if (word === 'down') {
      const isReady = pod.status?.conditions?.some(
        ({ type, status }) => type === 'Ready' && status === 'True',
      );
      if (isReady === true) await this.#write(pod, stoppedStatus(this.#now()), signal);
      return Infinity;
    }
    if (deletionTimestamp !== undefined) return this.#end(pod, uid, signal);
    const { bootId } = word.boot;
    if (!runsIn(pod, bootId)) await this.#write(pod, runningStatus(pod, bootId, this.#now()), signal);
    return Infinity;
  }

  async #end(pod: NodePod, uid: string, signal: AbortSignal): Promise<number> {
    const { client, clock } = this.#options;
    const now = clock.now();
    const at = this.#ends.get(uid) ?? now + terminationTime(pod);
    this.#ends.set(uid, at);
    if (now < at) return at - now;
    const { namespace = '', name = '' } = pod.metadata;
    const options = { signal, gracePeriodSeconds: 0, preconditions: { uid } };
    await gone(client.delete(PODS, { namespace, name }, options));
    this.#ends.delete(uid);
    return Infinity;
  }

  async #write(pod: NodePod, status: object, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '', uid = null } = pod.metadata;
    const patch = { metadata: { uid }, status };
    const write = this.#options.client.patch(
      PODS,
      { namespace, name },
      { type: 'strategic', patch },
      { signal, subresource: 'status' },
    );
    await gone(write);
  }

  #now(): Date {
    return new Date(this.#options.clock.wall());
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isStale) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(this.#options.clock, milliseconds, AbortSignal.any([signal, woken.signal]));
    this.#wake = () => {};
  }

  #complain(doing: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#options.report(`node ${this.#options.node} cannot ${doing}: ${why}`);
  }
}

/** What is gone, or is another one of the same name, is no business of this one any more. */
async function gone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isKubeError(error, 'not-found') && !isKubeError(error, 'conflict')) throw error;
  }
}
