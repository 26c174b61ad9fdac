import type { Clock } from './clock.ts';
import type { EventType, ObjectReference } from './event.ts';
import { RecentMap } from './recent-map.ts';

/** Something that happened to an object, for whoever describes it. */
export interface Occurrence {
  readonly object: ObjectReference;
  readonly type: EventType;
  /** In CamelCase, for programs; the reason of the condition where there is one. */
  readonly reason: string;
  readonly message: string;
}

/** client-go's numbers. */
export interface EventLimits {
  /** Events of one object at once, and then one each `refill` milliseconds. */
  readonly burst: number;
  readonly refill: number;
  /** More different messages of one object and reason than this within `window` milliseconds become one event. */
  readonly similar: number;
  readonly window: number;
  /** Objects, reasons and messages that are remembered. */
  readonly remembered: number;
}

export const DEFAULT_EVENT_LIMITS: EventLimits = {
  burst: 25,
  refill: 300_000,
  similar: 10,
  window: 600_000,
  remembered: 4096,
};

/** What becomes of an occurrence: the event of this key, with this message. */
export interface Correlated {
  readonly key: string;
  readonly message: string;
}

/** Bytes; what the API allows. */
const LONGEST_MESSAGE = 1024;

/** Decides which occurrences are one event, and which are too many. */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  readonly #buckets: RecentMap<string, { tokens: number; at: number }>;
  readonly #similar: RecentMap<string, { readonly messages: Set<string>; at: number }>;

  constructor(clock: Clock, limits: EventLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#buckets = new RecentMap(limits.remembered);
    this.#similar = new RecentMap(limits.remembered);
  }

  /** Undefined for an occurrence that is dropped because its object has had too many. */
  correlate({ object, type, reason, message }: Occurrence): Correlated | undefined {
    const about = [object.apiVersion, object.kind, object.namespace, object.name, object.uid].join('\n');
    if (!this.#takeToken(about)) return undefined;
    const kind = [about, type, reason].join('\n');
    const text = truncate(message, LONGEST_MESSAGE);
    return this.#isOneOfMany(kind, text)
      ? { key: kind, message: truncate(`(combined from similar events): ${text}`, LONGEST_MESSAGE) }
      : { key: `${kind}\n${text}`, message: text };
  }

  #takeToken(about: string): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(about) ?? { tokens: this.#limits.burst, at: now };
    bucket.tokens = Math.min(this.#limits.burst, bucket.tokens + (now - bucket.at) / this.#limits.refill);
    bucket.at = now;
    this.#buckets.set(about, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #isOneOfMany(kind: string, message: string): boolean {
    const now = this.#clock.now();
    let seen = this.#similar.get(kind);
    if (seen === undefined || now - seen.at > this.#limits.window) seen = { messages: new Set(), at: now };
    seen.at = now;
    if (seen.messages.size <= this.#limits.similar) seen.messages.add(message);
    this.#similar.set(kind, seen);
    return seen.messages.size > this.#limits.similar;
  }
}

function truncate(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  // An incomplete character at the end becomes U+FFFD, three bytes, which goes as well.
  return `${Buffer.from(text)
    .subarray(0, bytes - 6)
    .toString('utf8')
    .replace(/\uFFFD+$/u, '')}…`;
}
