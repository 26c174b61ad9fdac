import { backoffDelay, type Clock } from '../kube/index.ts';
import { OciError } from '../oci/index.ts';

/** What is known of what was asked: the last answer, and why there is no newer one. */
export interface Answer<T> {
  readonly value?: T;
  readonly error?: unknown;
}

export interface InquiriesOptions {
  readonly clock: Clock;
  /** For one attempt, in milliseconds. @default 15000 */
  readonly timeout?: number;
  /** The longest pause between attempts that fail, in milliseconds. */
  readonly longestPause: number;
  /** There is an answer, or it is time to ask again after a failure. */
  readonly onNews: (subject: string) => void;
}

interface Inquiry<T> {
  readonly question: string;
  answer: Answer<T>;
  /** When the last attempt ended; undefined before. */
  endedAt?: number;
  failures: number;
  /** Ends the attempt that is under way. */
  abort?: AbortController;
  cancelPause?: () => void;
}

const TIMEOUT = 15_000;
const PAUSE = { first: 1000, factor: 2, jitter: 0.3, reset: 0 };

/**
 * Questions to servers that may take long to answer, or never do, each about one subject: asked beside the queue, so that
 * no worker of a controller waits for an answer. One question about a subject is open at a time; another one takes its
 * place.
 */
export class Inquiries<T> {
  readonly #options: InquiriesOptions;
  readonly #inquiries = new Map<string, Inquiry<T>>();
  readonly #open = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: InquiriesOptions) {
    this.#options = options;
  }

  /**
   * What is known of the question at once; undefined before the first attempt has ended. Asks, if nobody does yet, when
   * nothing is known, when what is known is older than `fresh` milliseconds, or some time after a failure.
   */
  ask(
    subject: string,
    question: string,
    fresh: number,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Answer<T> | undefined {
    let inquiry = this.#inquiries.get(subject);
    if (inquiry?.question !== question) {
      this.forget(subject);
      inquiry = { question, answer: {}, failures: 0 };
      this.#inquiries.set(subject, inquiry);
    }
    if (this.#isDue(inquiry, fresh)) this.#start(subject, inquiry, attempt);
    return inquiry.endedAt === undefined ? undefined : inquiry.answer;
  }

  /** Takes note of an answer that came another way, unless something else is being asked by now. */
  note(subject: string, question: string, value: T): void {
    const inquiry = this.#inquiries.get(subject);
    if (this.#isClosed || (inquiry?.abort !== undefined && inquiry.question !== question)) return;
    this.forget(subject);
    const endedAt = this.#options.clock.now();
    this.#inquiries.set(subject, { question, answer: { value }, failures: 0, endedAt });
  }

  /** A subject that is gone. */
  forget(subject: string): void {
    const inquiry = this.#inquiries.get(subject);
    inquiry?.abort?.abort();
    inquiry?.cancelPause?.();
    this.#inquiries.delete(subject);
  }

  /** Ends what is under way, and asks no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const subject of this.#inquiries.keys()) this.forget(subject);
    await Promise.all(this.#open);
  }

  #isDue({ answer, endedAt, abort, cancelPause }: Inquiry<T>, fresh: number): boolean {
    if (this.#isClosed || abort !== undefined || cancelPause !== undefined) return false;
    if (endedAt === undefined || 'error' in answer) return true;
    return this.#options.clock.now() - endedAt > fresh;
  }

  #start(subject: string, inquiry: Inquiry<T>, attempt: (signal: AbortSignal) => Promise<T>): void {
    const task = this.#attempt(subject, inquiry, attempt).finally(() => this.#open.delete(task));
    this.#open.add(task);
  }

  async #attempt(
    subject: string,
    inquiry: Inquiry<T>,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<void> {
    const { clock, timeout = TIMEOUT, longestPause, onNews } = this.#options;
    const abort = new AbortController();
    inquiry.abort = abort;
    let late: OciError | undefined;
    const cancel = clock.schedule(timeout, () => {
      late = new OciError('unreachable', `cannot ask the registry: no answer within ${timeout / 1000} s`);
      abort.abort(late);
    });
    try {
      inquiry.answer = { value: await attempt(abort.signal) };
      inquiry.failures = 0;
    } catch (error) {
      inquiry.answer = { ...inquiry.answer, error: late ?? error };
      inquiry.failures += 1;
    } finally {
      cancel();
      delete inquiry.abort;
    }
    // Another question has taken its place meanwhile, or none.
    if (this.#inquiries.get(subject) !== inquiry) return;
    inquiry.endedAt = clock.now();
    if ('error' in inquiry.answer) {
      const pause = backoffDelay({ ...PAUSE, longest: longestPause }, inquiry.failures, clock.random());
      inquiry.cancelPause = clock.schedule(pause, () => {
        delete inquiry.cancelPause;
        onNews(subject);
      });
    }
    onNews(subject);
  }
}
