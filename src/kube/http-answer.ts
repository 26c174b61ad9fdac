import type { Readable } from 'node:stream';

/** One request on its way, whatever the protocol. */
export interface HttpRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The only time limit; it also ends the answer's body. */
  readonly signal: AbortSignal;
}

/** An answer whose body still arrives; it has to be read or destroyed. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Readable;
}

/** The server did not begin with this request: it can be sent again, whatever it is. */
export class NotProcessedError extends Error {
  override readonly name = 'NotProcessedError';
}
