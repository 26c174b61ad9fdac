import type { Readable, Writable } from 'node:stream';
import type { Connection } from './connections.ts';

/** Header values by lower-case name. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** One request and the way back to its client, over HTTP/1.1 or HTTP/2. */
export interface Exchange {
  readonly connection: Connection;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  /** The value of a header that is sent once. */
  header(name: string): string | undefined;
  /** DER of the client's certificate. */
  readonly certificate: Uint8Array | undefined;
  /** Where the body comes from; undefined where there is none. */
  readonly body: Readable | undefined;
  /** Where the answer's body goes to, once {@link Exchange.respond} was called. */
  readonly output: Writable;
  /** Tells a client that waits for it (`Expect: 100-continue`) to send its body. */
  continue(): void;
  /** Sends the head of the answer. @param isLast the connection is of no more use after it */
  respond(status: number, headers: HeaderFields, isLast: boolean): void;
  /** Sends the last part of the answer and ends the exchange; a client that is still sending need not go on. */
  finish(rest: Uint8Array): Promise<void>;
  /** Breaks the exchange off. */
  abandon(): void;
}
