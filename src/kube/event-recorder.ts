import { formatTime } from '../schema/index.ts';
import { backoffDelay } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { pause, type Clock } from './clock.ts';
import { EVENTS, type KubeEvent, type ObjectReference } from './event.ts';
import {
  DEFAULT_EVENT_LIMITS,
  EventCorrelator,
  type EventLimits,
  type Occurrence,
} from './event-correlator.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import { RecentMap } from './recent-map.ts';
import { apiVersionOf, type KubeObject, type ResourceType } from './resource-type.ts';

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'clock' | 'create' | 'patch'>;
  /** Who says so, for example `varve-build-controller`. */
  readonly component: string;
  /** Which of its processes; the node's name or the pod's. */
  readonly instance: string;
  readonly limits?: EventLimits;
  readonly report?: (error: unknown) => void;
}

export interface EventNumbers {
  readonly written: number;
  /** Occurrences that the limits, a full queue, or a server that does not answer kept out. */
  readonly dropped: number;
  readonly pending: number;
}

interface Pending {
  readonly occurrence: Occurrence;
  readonly key: string;
  message: string;
  count: number;
  first: number;
  last: number;
}

interface Known {
  readonly namespace: string;
  readonly name: string;
  count: number;
}

/** Different events that wait for the server. */
const MOST_PENDING = 1000;
const MOST_ATTEMPTS = 6;
const RETRY = { first: 500, factor: 2, longest: 10_000, jitter: 0.5, reset: 0 };

/** Writes Events in the background. Equal ones are one object that counts; an event lost is no error of anybody's. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #correlator: EventCorrelator;
  readonly #known: RecentMap<string, Known>;
  readonly #pending = new Map<string, Pending>();
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;
  #isClosed = false;
  #written = 0;
  #dropped = 0;
  #names = 0;

  constructor(options: EventRecorderOptions) {
    const { limits = DEFAULT_EVENT_LIMITS } = options;
    this.#options = options;
    this.#clock = options.client.clock;
    this.#correlator = new EventCorrelator(this.#clock, limits);
    this.#known = new RecentMap(limits.remembered);
  }

  get numbers(): EventNumbers {
    return { written: this.#written, dropped: this.#dropped, pending: this.#pending.size };
  }

  /** Takes note of an occurrence; at once, and never an error. */
  record(occurrence: Occurrence): void {
    const correlated = this.#isClosed ? undefined : this.#correlator.correlate(occurrence);
    if (correlated === undefined) {
      this.#dropped += 1;
      return;
    }
    const now = this.#clock.wall();
    const pending = this.#pending.get(correlated.key);
    if (pending !== undefined) {
      pending.count += 1;
      pending.last = now;
      pending.message = correlated.message;
    } else if (this.#pending.size >= MOST_PENDING) {
      this.#dropped += 1;
    } else {
      this.#pending.set(correlated.key, { ...correlated, occurrence, count: 1, first: now, last: now });
    }
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes what is pending, for at most so many milliseconds; takes no more. */
  async close(grace = 5000): Promise<void> {
    this.#isClosed = true;
    const cancel = this.#clock.schedule(grace, () => {
      this.#stop.abort(new KubeError('aborted', 'cannot write events: the process stops'));
    });
    await this.#writing;
    cancel();
  }

  async #write(): Promise<void> {
    // A turn later: what one reconciliation says several times is one write.
    await Promise.resolve();
    for (
      let next = this.#pending.entries().next();
      next.done !== true;
      next = this.#pending.entries().next()
    ) {
      const [key, pending] = next.value;
      this.#pending.delete(key);
      if (this.#stop.signal.aborted || !(await this.#deliver(pending))) this.#dropped += pending.count;
      else this.#written += 1;
    }
  }

  async #deliver(pending: Pending): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#put(pending);
        return true;
      } catch (error) {
        const isOver = attempt >= MOST_ATTEMPTS || this.#stop.signal.aborted;
        if (isOver || !isKubeError(error) || !error.retryable) {
          this.#options.report?.(error);
          return false;
        }
        const delay = backoffDelay(RETRY, attempt, this.#clock.random());
        await pause(this.#clock, Math.max(delay, error.retryAfter ?? 0), this.#stop.signal);
      }
    }
  }

  async #put(pending: Pending): Promise<void> {
    const { client } = this.#options;
    const { signal } = this.#stop;
    const known = this.#known.get(pending.key);
    if (known !== undefined) {
      const count = known.count + pending.count;
      const patch = { count, message: pending.message, lastTimestamp: formatTime(pending.last) };
      try {
        await client.patch(EVENTS, known, { type: 'merge', patch }, { signal });
        known.count = count;
        return;
      } catch (error) {
        // Events expire; then this one begins anew.
        if (!isKubeError(error, 'not-found')) throw error;
        this.#known.delete(pending.key);
      }
    }
    const event = this.#event(pending);
    try {
      await client.create(EVENTS, event, { signal });
    } catch (error) {
      // An answer that was lost: the name is of this process and this event alone.
      if (!isKubeError(error, 'already-exists')) throw error;
    }
    const { namespace = '', name = '' } = event.metadata;
    this.#known.set(pending.key, { namespace, name, count: event.count });
  }

  #event({ occurrence, message, count, first, last }: Pending): KubeEvent {
    const { object, type, reason } = occurrence;
    const { component, instance } = this.#options;
    this.#names += 1;
    const unique = `${first.toString(16)}${this.#names.toString(16).padStart(4, '0')}${Math.floor(this.#clock.random() * 0xffff).toString(16)}`;
    return {
      // Events of objects without a namespace are in `default`, where kubectl looks for them.
      metadata: { name: `${object.name.slice(0, 200)}.${unique}`, namespace: object.namespace || 'default' },
      involvedObject: object,
      type,
      reason,
      message,
      source: { component, host: instance },
      firstTimestamp: formatTime(first),
      lastTimestamp: formatTime(last),
      count,
      reportingComponent: component,
      reportingInstance: instance,
    };
  }
}

/** What an event about this object refers to. */
export function referenceTo(type: ResourceType, object: KubeObject): ObjectReference {
  const { namespace, name = '', uid, resourceVersion } = object.metadata;
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}
