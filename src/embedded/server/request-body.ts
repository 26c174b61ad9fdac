import type { Http2ServerRequest } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import { StatusError, tooLarge } from '../rest/index.ts';

/** The largest body that is read (kubernetes-api §4: 3 MiB). */
export const MAX_BODY = 3 * 1024 * 1024;

/** A body that takes longer than this to come, in milliseconds, comes from nobody who means well. */
const BODY_TIMEOUT = 30_000;

/**
 * Bounds the bodies that are being read at one time: with many clients, 3 MiB each would be too much. Waiting for memory
 * would only move the queue, so a client is told to come back.
 */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Reads the whole body.
   *
   * @throws StatusError 413 if it is larger than {@link MAX_BODY}, 429 if too much is being read, 408 if it does not come
   */
  async read(request: IncomingMessage | Http2ServerRequest): Promise<Uint8Array> {
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > MAX_BODY) throw tooLarge(`limit is ${MAX_BODY}`);
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => {
      request.destroy(new StatusError(408, 'Timeout', 'the body of the request did not come in time'));
    }, BODY_TIMEOUT);
    try {
      for await (const chunk of request) {
        const bytes = chunk as Buffer;
        size += bytes.byteLength;
        this.#used += bytes.byteLength;
        if (size > MAX_BODY) throw tooLarge(`limit is ${MAX_BODY}`);
        if (this.#used > this.#limit) {
          throw new StatusError(429, 'TooManyRequests', 'too many large requests are being read: try again', {
            retryAfterSeconds: 1,
          });
        }
        chunks.push(bytes);
      }
    } finally {
      clearTimeout(timer);
      this.#used -= size;
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
  }
}
