import type { RequestHeaders, User } from '../access/index.ts';

/** One HTTP request, read to its end, before anything is known about it. */
export interface ApiCall {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  /** DER of the certificate that the client showed, trusted or not. */
  readonly certificate: Uint8Array | undefined;
  /** Answers that wait for their clients take all the memory there is for them: no list is to be made. */
  readonly isCrowded?: boolean;
}

/** A request whose user is known. */
export interface ApiRequest {
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name; what was sent twice is joined with commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  readonly user: User;
}

/** A whole answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** A text, or bytes; large ones in pieces. */
  readonly body: string | Uint8Array | readonly Uint8Array[];
}

/** Headers as a record, for those that nobody sends twice. */
export function joinedHeaders(headers: RequestHeaders): Record<string, string | undefined> {
  return Object.fromEntries([...headers].map(([name, values]) => [name, values.join(',')]));
}
