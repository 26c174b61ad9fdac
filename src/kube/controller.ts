import type { BackoffLimits } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';
import { startDeadline } from './deadline.ts';
import type { Informer } from './informer.ts';
import { KubeError } from './kube-error.ts';
import type { Change } from './object-cache.ts';
import { OUTCOME_KINDS, outcomes, type Outcome, type OutcomeKind } from './outcome.ts';
import { formatKey, keyOf, parseKey, type KubeObject, type ObjectKey } from './resource-type.ts';
import { WorkQueue, type QueueNumbers } from './work-queue.ts';

/** What a reconciliation may use. */
export interface ReconcileContext {
  /** Aborts at the deadline of this reconciliation, and when the process has no time left to finish it. */
  readonly signal: AbortSignal;
  /** Of this run, for log lines and events. */
  readonly id: string;
  /** How often in a row this key failed before. */
  readonly failures: number;
}

/** One run, when it has ended. */
export interface Reconciliation {
  readonly controller: string;
  readonly id: string;
  readonly key: ObjectKey;
  readonly outcome: Outcome;
  /** Milliseconds. */
  readonly duration: number;
  /** When the key comes again by itself, in milliseconds. */
  readonly next: number | undefined;
}

export interface ControllerOptions {
  readonly name: string;
  /**
   * Makes what the key names as it should be, from what is there now; nobody tells it what happened. It is never called
   * twice at once for one key. Throwing is the same as `failed`.
   */
  readonly reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<Outcome>;
  /** Keys that are worked on at once. @default 1 */
  readonly concurrency?: number;
  /** For one reconciliation, in milliseconds. @default 120000 */
  readonly timeout?: number;
  readonly backoff?: Omit<BackoffLimits, 'reset'>;
  readonly clock?: Clock;
  /** Told of every run. */
  readonly onReconciled?: (run: Reconciliation) => void;
}

/** Plain numbers, all zero at first; durations in milliseconds. */
export interface ControllerNumbers {
  readonly outcomes: Readonly<Record<OutcomeKind, number>>;
  readonly durationSum: number;
  readonly durationMax: number;
  readonly queue: QueueNumbers;
}

/**
 * A level-triggered controller: whatever happens adds keys to a queue, and workers bring what the keys name to where it
 * should be.
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #outcomes = Object.fromEntries(OUTCOME_KINDS.map((kind) => [kind, 0])) as Record<
    OutcomeKind,
    number
  >;
  readonly #synced: Promise<void>[] = [];
  readonly #unsubscribe: (() => void)[] = [];
  readonly #active = new Map<string, AbortController>();
  #durationSum = 0;
  #durationMax = 0;
  #runs = 0;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { backoff } = options;
    this.#queue = new WorkQueue({ clock: this.#clock, ...(backoff === undefined ? {} : { backoff }) });
  }

  get numbers(): ControllerNumbers {
    return {
      outcomes: { ...this.#outcomes },
      durationSum: this.#durationSum,
      durationMax: this.#durationMax,
      queue: this.#queue.numbers,
    };
  }

  /**
   * Adds keys for every change to an informer's objects; its own key unless `keysOf` says which objects a change
   * concerns. No worker starts before the informer is complete.
   */
  watch<T extends KubeObject>(
    informer: Informer<T>,
    keysOf: (change: Change<T>) => Iterable<ObjectKey> = ({ object }) => [keyOf(object)],
    priority = 0,
  ): void {
    this.#synced.push(informer.synced);
    this.#unsubscribe.push(
      informer.subscribe((change) => {
        for (const key of keysOf(change)) this.enqueue(key, priority);
      }),
    );
  }

  enqueue(key: ObjectKey, priority = 0): void {
    this.#queue.add(formatKey(key), priority);
  }

  /**
   * Works until the signal aborts; what is being worked on then is finished, within `grace` milliseconds, after which
   * its own signal aborts and it is waited for no longer than once more that.
   *
   * @returns the keys whose work did not end; none in an orderly shutdown
   */
  async run(signal: AbortSignal, grace = 20_000): Promise<readonly ObjectKey[]> {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    if (signal.aborted) stop();
    else signal.addEventListener('abort', () => stop(), { once: true });
    await Promise.race([Promise.all(this.#synced), stopped]);
    const workers = Array.from({ length: signal.aborted ? 0 : (this.#options.concurrency ?? 1) }, () =>
      this.#work(),
    );
    await stopped;
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#queue.close();
    const ended = Promise.all(workers);
    if (await this.#within(ended, grace)) return [];
    for (const controller of this.#active.values()) {
      controller.abort(new KubeError('aborted', `cannot finish in ${this.name}: the process stops`));
    }
    await this.#within(ended, grace);
    return [...this.#active.keys()].map(parseKey);
  }

  async #within(ended: Promise<unknown>, milliseconds: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#clock.schedule(milliseconds, () => resolve(false));
    const result = await Promise.race([ended.then(() => true), promise]);
    cancel();
    return result;
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      await this.#reconcile(key);
      this.#queue.done(key);
    }
  }

  async #reconcile(text: string): Promise<void> {
    const { reconcile, timeout = 120_000, onReconciled } = this.#options;
    const key = parseKey(text);
    const began = this.#clock.now();
    this.#runs += 1;
    const id = `${this.name}-${this.#runs}`;
    const abort = new AbortController();
    this.#active.set(text, abort);
    const deadline = startDeadline(
      this.#clock,
      timeout,
      () => new KubeError('timeout', `cannot finish ${text} in ${this.name} within ${timeout / 1000} s`),
      abort.signal,
    );
    let outcome: Outcome;
    try {
      outcome = await reconcile(key, { signal: deadline.signal, id, failures: this.#queue.failures(text) });
    } catch (error) {
      outcome = outcomes.failed(error);
    } finally {
      deadline.release();
      this.#active.delete(text);
    }
    const duration = this.#clock.now() - began;
    this.#outcomes[outcome.kind] += 1;
    this.#durationSum += duration;
    this.#durationMax = Math.max(this.#durationMax, duration);
    const next = this.#schedule(text, outcome);
    try {
      onReconciled?.({ controller: this.name, id, key, outcome, duration, next });
    } catch {
      // Whoever listens has no say in whether the worker lives.
    }
  }

  /** The queue's part of an outcome. */
  #schedule(key: string, outcome: Outcome): number | undefined {
    if (outcome.kind !== 'failed') this.#queue.forget(key);
    switch (outcome.kind) {
      case 'done':
      case 'stalled':
        return undefined;
      case 'requeue-after':
      case 'waiting':
        this.#queue.addAfter(key, outcome.milliseconds);
        return outcome.milliseconds;
      case 'failed': {
        const { error } = outcome;
        return this.#queue.retry(key, error instanceof KubeError ? (error.retryAfter ?? 0) : 0);
      }
    }
  }
}
