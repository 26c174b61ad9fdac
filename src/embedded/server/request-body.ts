import type { Readable } from 'node:stream';
import { StatusError, tooLarge } from '../status/index.ts';
import type { Exchange } from './exchange.ts';

/** The largest body that is read (kubernetes-api §4: 3 MiB). */
const MAX_BODY = 3 * 1024 * 1024;

const NOTHING = new Uint8Array();

/**
 * Bounds the bodies that are being read at one time: with many clients, 3 MiB each would be too much. Waiting for memory
 * would only move the queue, so a client is told to come back.
 */
export class BodyBudget {
  readonly #limit: number;
  readonly #timeout: number;
  #used = 0;

  /**
   * @param limit bytes
   * @param timeout milliseconds: a body that takes longer comes from nobody who means well
   */
  constructor(limit: number, timeout: number) {
    this.#limit = limit;
    this.#timeout = timeout;
  }

  /**
   * Reads the whole body. What is refused stays unread, and the way back to the client open.
   *
   * @throws StatusError 413 if it is larger than {@link MAX_BODY}, 429 if too much is being read, 408 if it does not come
   * @throws Error if the client breaks off
   */
  async read(exchange: Exchange): Promise<Uint8Array> {
    const { body } = exchange;
    if (body === undefined) return NOTHING;
    if (Number(exchange.header('content-length') ?? 0) > MAX_BODY) throw tooLargeBody();
    exchange.continue();
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      await eachChunk(body, this.#timeout, (chunk) => {
        size += chunk.byteLength;
        this.#used += chunk.byteLength;
        if (size > MAX_BODY) throw tooLargeBody();
        if (this.#used > this.#limit) {
          throw new StatusError(429, 'TooManyRequests', 'too many large requests are being read: try again', {
            retryAfterSeconds: 1,
          });
        }
        chunks.push(chunk);
      });
    } finally {
      this.#used -= size;
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
  }
}

/** Not by `for await`: that destroys the stream of a body that is refused, and with it the way back to the client. */
async function eachChunk(body: Readable, timeout: number, take: (chunk: Buffer) => void): Promise<void> {
  if (body.destroyed) throw new Error('the client broke off');
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = (): void => settle(resolve);
    const onClose = (): void => settle(() => reject(new Error('the client broke off')));
    const timer = setTimeout(() => {
      settle(() => reject(new StatusError(408, 'Timeout', 'the body of the request did not come in time')));
    }, timeout);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      body.off('data', onData);
      body.off('end', onEnd);
      body.off('close', onClose);
      body.pause();
      how();
    };
    body.on('data', onData);
    body.on('end', onEnd);
    body.on('close', onClose);
  });
}

function tooLargeBody(): StatusError {
  return tooLarge(`limit is ${MAX_BODY}`);
}
