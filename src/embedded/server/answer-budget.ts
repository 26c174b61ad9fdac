import type { Writable } from 'node:stream';
import { StatusError } from '../status/index.ts';
import type { AnswerBody } from './answer-body.ts';
import type { Exchange } from './exchange.ts';

/** Where memory is short, an answer that has not moved for so long, in milliseconds, goes already. */
const STALL_LIMIT_WHEN_FULL = 1000;

/** An answer of less than this, in bytes, is of one object or of few. */
const SMALL = 64 * 1024;

interface Answer {
  /** When it last moved. */
  moved: number;
  readonly abandon: () => void;
}

/**
 * Bounds the answers that wait in memory for their clients to take them. Clients that take nothing are cut off; where there
 * are too many others, those who come are told to come again.
 */
export class AnswerBudget {
  readonly #limit: number;
  readonly #stall: number;
  readonly #now: () => number;
  readonly #answers = new Set<Answer>();
  #used = 0;

  /**
   * @param limit bytes
   * @param stall milliseconds: an answer that does not move for longer has nobody at its other end
   * @param now milliseconds of a clock that never goes back
   */
  constructor(limit: number, stall: number, now: () => number) {
    this.#limit = limit;
    this.#stall = stall;
    this.#now = now;
  }

  /**
   * To be asked before an answer is sent. Small ones have room where large ones have none, and one that is larger than the
   * limit is sent when it is alone.
   *
   * @throws StatusError 429
   */
  admit(size: number): void {
    if (this.#hasRoom(size)) return;
    this.#abandon(STALL_LIMIT_WHEN_FULL);
    if (this.#hasRoom(size)) return;
    throw new StatusError(429, 'TooManyRequests', 'too many large answers are being sent: try again', {
      retryAfterSeconds: 1,
    });
  }

  /** No large answer would be admitted now. */
  get isFull(): boolean {
    if (this.#used < this.#limit) return false;
    this.#abandon(STALL_LIMIT_WHEN_FULL);
    return this.#used >= this.#limit;
  }

  #hasRoom(size: number): boolean {
    const limit = size < SMALL ? this.#limit * 2 : this.#limit;
    return this.#used === 0 || this.#used + size <= limit;
  }

  /** Counts an answer that was admitted while it is made ready to be sent. @param size bytes */
  async hold<Result>(size: number, work: () => Promise<Result>): Promise<Result> {
    this.#used += size;
    try {
      return await work();
    } finally {
      this.#used -= size;
    }
  }

  /** Gives a body to its client, as the client takes it. */
  async send({ pieces, size }: AnswerBody, exchange: Exchange): Promise<void> {
    const answer: Answer = { moved: this.#now(), abandon: () => exchange.abandon() };
    this.#answers.add(answer);
    this.#used += size;
    try {
      const { output } = exchange;
      for (const piece of pieces.slice(0, -1)) {
        if (output.destroyed) break;
        if (!output.write(piece)) await drained(output);
        answer.moved = this.#now();
      }
      await exchange.finish(pieces.at(-1) ?? new Uint8Array());
    } finally {
      this.#answers.delete(answer);
      this.#used -= size;
    }
  }

  /** Cuts off who takes nothing; to be called every second or so. */
  sweep(): void {
    this.#abandon(this.#stall);
  }

  #abandon(limit: number): void {
    const now = this.#now();
    for (const answer of this.#answers) {
      if (now - answer.moved <= limit) continue;
      this.#answers.delete(answer);
      answer.abandon();
    }
  }
}

async function drained(output: Writable): Promise<void> {
  if (output.destroyed) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      output.off('drain', settle);
      output.off('close', settle);
      resolve();
    };
    output.on('drain', settle);
    output.on('close', settle);
  });
}
