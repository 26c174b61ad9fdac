import { Backoff, REFLECTOR_BACKOFF, type BackoffLimits } from './backoff.ts';
import type { KubeClient, Selection } from './client.ts';
import { pause, type Clock } from './clock.ts';
import { startDeadline } from './deadline.ts';
import { KubeError, isKubeError } from './kube-error.ts';
import { listByPages } from './list-pages.ts';
import { describe, type KubeObject, type ResourceType } from './resource-type.ts';
import type { WatchEvent } from './watch-events.ts';

/** What a reflector needs of a client. */
export type InformerClient = Pick<KubeClient, 'clock' | 'list' | 'watch'>;

/** Where a reflector puts what it sees. */
export interface ReflectorSink {
  /** An object for the next {@link replace}; what is to be kept of it. */
  prepare(object: KubeObject): KubeObject;
  /** All objects that there are. */
  replace(objects: readonly KubeObject[]): void;
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void;
}

/** Numbers of client-go, as far as it has them; milliseconds unless named otherwise. */
export interface ReflectorTimings {
  /** A watch ends after a random time between these, in seconds: the load of new ones spreads. */
  readonly watchSeconds: readonly [least: number, most: number];
  /** A watch that did not end so long after it should have is given up. */
  readonly grace: number;
  /** Between two of the initial events of a stream; then lists are tried instead. */
  readonly initialQuiet: number;
  /** A watch that ended sooner than this, with nothing in it, counts as failed. */
  readonly shortWatch: number;
  readonly backoff: BackoffLimits;
}

export const DEFAULT_REFLECTOR_TIMINGS: ReflectorTimings = {
  watchSeconds: [300, 600],
  grace: 30_000,
  initialQuiet: 60_000,
  shortWatch: 1000,
  backoff: REFLECTOR_BACKOFF,
};

export interface ReflectorOptions {
  readonly client: InformerClient;
  readonly type: ResourceType;
  readonly selection?: Selection;
  readonly sink: ReflectorSink;
  readonly pageSize?: number;
  /** False to begin with lists even where the server could stream. @default true */
  readonly streaming?: boolean;
  readonly timings?: ReflectorTimings;
  /** Told of every event and bookmark: the server is followed. */
  readonly onProgress?: () => void;
  /** Told of every failure; the reflector goes on by itself. */
  readonly report?: (error: unknown) => void;
}

/** Counts since the beginning. */
export interface ReflectorNumbers {
  /** Times that all objects were read, by list or by stream. */
  readonly fills: number;
  readonly watches: number;
  readonly events: number;
  readonly bookmarks: number;
  readonly failures: number;
}

/**
 * Keeps a sink equal to what an API server has: reads all objects once and then follows changes, over whatever happens
 * to connections and servers. All objects are read again only if the server no longer has what came since; every
 * other failure continues where the last event or bookmark was.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timings: ReflectorTimings;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #numbers = { fills: 0, watches: 0, events: 0, bookmarks: 0, failures: 0 };
  #streaming: boolean;
  /** The version up to which the sink is right; undefined when it has to be filled. */
  #position: string | undefined;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#timings = options.timings ?? DEFAULT_REFLECTOR_TIMINGS;
    this.#clock = options.client.clock;
    this.#backoff = new Backoff(this.#timings.backoff, this.#clock);
    this.#streaming = options.streaming ?? true;
  }

  get numbers(): ReflectorNumbers {
    return { ...this.#numbers };
  }

  /** Works until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#position === undefined && !this.#streaming) await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#numbers.failures += 1;
        this.#options.report?.(error);
        await pause(this.#clock, this.#judge(error), signal);
      }
    }
  }

  /** What a failure means for the next attempt, and how long to wait before it. */
  #judge(error: unknown): number {
    const delay = this.#backoff.next();
    if (!isKubeError(error)) return delay;
    if (this.#position === undefined) {
      const cannotStream = ['invalid', 'bad-request', 'unsupported'].includes(error.code);
      if (this.#streaming && (cannotStream || error instanceof StreamStalled)) {
        this.#streaming = false;
        // No failure of the server's.
        return cannotStream ? 0 : delay;
      }
    } else if (!isPassing(error)) {
      this.#position = undefined;
    }
    return Math.max(delay, error.retryAfter ?? 0);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, type, selection = {}, sink, pageSize } = this.#options;
    let objects: KubeObject[] = [];
    const version = await listByPages(client, type, {
      ...selection,
      signal,
      ...(pageSize === undefined ? {} : { pageSize }),
      onPage: (items) => {
        for (const item of items) objects.push(sink.prepare(item));
      },
      onRestart: () => {
        objects = [];
      },
    });
    sink.replace(objects);
    this.#numbers.fills += 1;
    this.#position = version;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, type, selection = {} } = this.#options;
    const isFilled = this.#position !== undefined;
    const { watchSeconds, grace, initialQuiet, shortWatch } = this.#timings;
    const [least, most] = watchSeconds;
    const began = this.#clock.now();
    const before = this.#numbers.events + this.#numbers.bookmarks;
    this.#numbers.watches += 1;
    const quiet = startDeadline(
      this.#clock,
      isFilled ? undefined : initialQuiet,
      () => new StreamStalled(`cannot watch ${describe(type)}: the initial objects stopped coming`),
      signal,
    );
    try {
      const events = client.watch(type, {
        ...selection,
        signal: quiet.signal,
        timeoutSeconds: Math.round(least + (most - least) * this.#clock.random()),
        grace,
        ...(this.#position === undefined ? { sendInitialEvents: true } : { resourceVersion: this.#position }),
      });
      const initial = isFilled ? undefined : new Map<string, KubeObject>();
      await this.#follow(events, initial, () =>
        quiet.extend(this.#position === undefined ? initialQuiet : undefined),
      );
    } finally {
      quiet.release();
    }
    if (this.#position === undefined) {
      throw new StreamStalled(`cannot watch ${describe(type)}: the stream ended before all objects had come`);
    }
    const isEmpty = this.#numbers.events + this.#numbers.bookmarks === before;
    if (isEmpty && this.#clock.now() - began < shortWatch) {
      throw new KubeError('unavailable', `cannot watch ${describe(type)}: the stream ended at once`);
    }
  }

  async #follow(
    events: AsyncIterable<WatchEvent<KubeObject>>,
    initial: Map<string, KubeObject> | undefined,
    onEvent: () => void,
  ): Promise<void> {
    const { sink } = this.#options;
    let filling = initial;
    for await (const event of events) {
      if (event.type === 'BOOKMARK') {
        this.#numbers.bookmarks += 1;
        if (filling === undefined) {
          this.#position = event.resourceVersion;
        } else if (event.endsInitialEvents) {
          sink.replace([...filling.values()]);
          this.#numbers.fills += 1;
          filling = undefined;
          this.#position = event.resourceVersion;
        }
      } else {
        this.#numbers.events += 1;
        const { namespace = '', name = '', resourceVersion } = event.object.metadata;
        if (filling === undefined) {
          sink.apply(event.type, event.object);
          if (resourceVersion !== undefined) this.#position = resourceVersion;
        } else if (event.type === 'DELETED') {
          filling.delete(`${namespace}/${name}`);
        } else {
          filling.set(`${namespace}/${name}`, sink.prepare(event.object));
        }
      }
      onEvent();
      this.#options.onProgress?.();
    }
  }
}

/** A server that takes `sendInitialEvents` for any unknown parameter, or lost its way in them. */
class StreamStalled extends KubeError {
  constructor(message: string) {
    super('timeout', message);
  }
}

/** Failures that leave the position valid: the same watch may work in a moment. */
function isPassing({ code }: KubeError): boolean {
  return [
    'unavailable',
    'timeout',
    'server-error',
    'too-many-requests',
    'tls',
    'too-new',
    'configuration',
    'unauthorized',
  ].includes(code);
}
