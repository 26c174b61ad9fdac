import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContentStore } from './content-store.ts';
import { EmbeddedError } from '../embedded-error.ts';
import type { RepositoryStore } from './repository-store.ts';
import type { UploadSessions } from './upload-sessions.ts';

/** One request to the registry, and all that an endpoint needs to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly content: ContentStore;
  readonly repositories: RepositoryStore;
  readonly uploads: UploadSessions;
}

/** An endpoint for one method. `name` is a checked repository name; `reference` is the last part of the path. */
export type Endpoint = (exchange: Exchange, name: string, reference: string) => Promise<void>;

/** Ends the exchange without a body. */
export function answer(
  { response }: Exchange,
  status: number,
  headers: Readonly<Record<string, string | number>> = {},
): void {
  response.writeHead(status, status === 204 ? headers : { 'Content-Length': 0, ...headers }).end();
}

/** Ends the exchange with a JSON body. */
export function answerJson(
  { response }: Exchange,
  value: unknown,
  headers: Readonly<Record<string, string | number>> = {},
): void {
  answerBytes(response, 200, JSON.stringify(value), { 'Content-Type': 'application/json', ...headers });
}

/** Ends the exchange with an error body as the distribution specification has it ("Error Codes"). */
export function answerError(response: ServerResponse, error: EmbeddedError): void {
  const { code, message, detail } = error;
  answerBytes(response, error.status, JSON.stringify({ errors: [{ code, message, detail }] }), {
    'Content-Type': 'application/json',
    ...error.headers,
  });
}

function answerBytes(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string | number>>,
): void {
  // Node leaves the body out by itself when the request was HEAD.
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** The request's body. Who stops early can still answer: Node would otherwise cut the connection. */
export function bodyOf({ request }: Exchange): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

/**
 * Reads a whole request body of at most `limit` bytes.
 * @throws {EmbeddedError} code `SIZE_INVALID` with status 413
 */
export async function readBody(exchange: Exchange, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(exchange)) {
    size += chunk.length;
    if (size > limit) {
      throw new EmbeddedError('SIZE_INVALID', `cannot take in manifest: it has more than ${limit} bytes`, {
        status: 413,
        headers: { Connection: 'close' },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
