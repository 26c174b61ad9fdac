import type { Readable } from 'node:stream';
import { bodyChunks } from './body-chunks.ts';
import { pause, type Clock } from './clock.ts';
import { Credentials, type RequestSecrets } from './credentials.ts';
import { startDeadline, type Deadline } from './deadline.ts';
import { KubeError, isKubeError } from './kube-error.ts';
import { answerError, parseRetryAfter } from './status-error.ts';
import type { HttpAnswer } from './http-answer.ts';
import { Transport } from './transport.ts';
import { networkError } from './network-error.ts';
import type { SessionOptions } from './session-options.ts';

/** One request, as the client means it. */
export interface KubeRequest {
  /** For messages: `get Node "a"`. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly contentType?: string;
  /** Errors must not repeat what the server says of the content. */
  readonly confidential: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Until the whole answer is there, retries included; for a stream until it begins. Milliseconds. */
  readonly deadline: number;
}

/** A successful answer that is still arriving. */
export interface OpenAnswer {
  readonly body: Readable;
  /** Rules the rest of the answer; the reader extends and releases it. */
  readonly deadline: Deadline;
}

/** Attempts at one request, as client-go. */
const MOST_ATTEMPTS = 10;
/** A server that asks for a longer pause is obeyed by whoever called. */
const LONGEST_PAUSE = 30_000;
/** An error's text is a Status; more than this is none. */
const LARGEST_ERROR = 256 * 1024;

/**
 * Requests with credentials, deadlines and the retries that are safe for any request: those that the server asks for
 * (429 and 5xx with `Retry-After`), one for a connection that broke under a GET, and one with credentials read anew
 * after a 401.
 */
export class HttpSession {
  readonly #options: SessionOptions;
  readonly #credentials: Credentials;
  readonly #transport: Transport;
  readonly #closed = new AbortController();
  readonly #prefix: string;

  constructor(options: SessionOptions) {
    const { access, clock } = options;
    this.#options = options;
    this.#credentials = new Credentials(access, clock);
    this.#transport = new Transport(options);
    this.#prefix = new URL(access.server).pathname.replace(/\/+$/u, '');
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Sends a request and gives its answer when it is a success. @throws KubeError */
  async open(request: KubeRequest): Promise<OpenAnswer> {
    const { clock } = this.#options;
    const deadline = startDeadline(
      clock,
      request.deadline,
      () => timeoutError(request),
      request.signal,
      this.#closed.signal,
    );
    try {
      return { body: await this.#attempts(request, deadline.signal), deadline };
    } catch (error) {
      deadline.release();
      throw error;
    }
  }

  /** Sends a request and reads its whole answer as JSON. @throws KubeError */
  async send(request: KubeRequest): Promise<unknown> {
    const { body, deadline } = await this.open(request);
    try {
      const text = await this.#read(body, this.#options.largestAnswer, request, deadline.signal);
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        // The parser's message quotes the text.
        const cause = request.confidential ? undefined : error;
        throw new KubeError('malformed', `cannot ${request.what}: the answer is not JSON`, { cause });
      }
    } finally {
      deadline.release();
    }
  }

  close(): void {
    this.#closed.abort(new KubeError('aborted', 'cannot use the client: it is closed'));
    this.#transport.close();
  }

  async #attempts(request: KubeRequest, signal: AbortSignal): Promise<Readable> {
    let secrets = await this.#credentials.get();
    let renewed = false;
    let broken = false;
    for (let attempt = 1; ; attempt += 1) {
      let error: KubeError;
      try {
        return await this.#once(request, secrets, signal);
      } catch (caught) {
        if (!isKubeError(caught)) throw caught;
        error = caught;
      }
      if (signal.aborted || attempt >= MOST_ATTEMPTS) throw error;
      if (error.code === 'unauthorized' && !renewed) {
        renewed = true;
        const next = await this.#credentials.get(true);
        if (next === secrets) throw error;
        secrets = next;
      } else if (error.reason === 'not-processed') {
        secrets = await this.#credentials.get();
      } else if (isBroken(error) && request.method === 'GET' && !broken) {
        broken = true;
      } else if (asksForRetry(error)) {
        await pause(this.clock, error.retryAfter ?? 0, signal);
        // A server that asks for patience says more than that there was not enough.
        if (signal.aborted)
          throw isKubeError(signal.reason, 'timeout') ? error : networkError(request.what, error, signal);
        secrets = await this.#credentials.get();
      } else {
        throw error;
      }
    }
  }

  async #once(request: KubeRequest, secrets: RequestSecrets, signal: AbortSignal): Promise<Readable> {
    const { authorization, connection } = secrets;
    let answer: HttpAnswer;
    try {
      if (signal.aborted) throw signal.reason;
      answer = await this.#transport.request(connection, {
        method: request.method,
        path: this.#prefix + request.path + formatQuery(request.query),
        headers: {
          accept: 'application/json',
          'user-agent': this.#options.userAgent,
          ...(authorization === undefined ? {} : { authorization }),
          ...(request.body === undefined
            ? {}
            : { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal,
      });
    } catch (error) {
      throw networkError(request.what, error, signal);
    }
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    const text = await this.#readError(answer.body, request, signal);
    const retryAfter = parseRetryAfter(answer.retryAfter, this.clock.wall());
    throw answerError(request.what, {
      status: answer.status,
      text,
      retryAfter,
      confidential: request.confidential,
    });
  }

  /** What a failed answer says; nothing if that is too long: the status says more than its length does. */
  async #readError(body: Readable, request: KubeRequest, signal: AbortSignal): Promise<string> {
    try {
      return await this.#read(body, LARGEST_ERROR, request, signal);
    } catch (error) {
      if (isKubeError(error, 'too-large')) return '';
      throw error;
    }
  }

  async #read(body: Readable, limit: number, { what }: KubeRequest, signal: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of bodyChunks(body)) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > limit) {
          throw new KubeError('too-large', `cannot ${what}: the answer has more than ${limit} bytes`);
        }
      }
    } catch (error) {
      throw networkError(what, error, signal);
    }
    return Buffer.concat(chunks, length).toString('utf8');
  }
}

function isBroken(error: KubeError): boolean {
  return error.code === 'unavailable' && error.status === undefined && error.reason !== 'refused';
}

/** The limit of client-go: only what the server itself says will pass is worth a wait inside of a request. */
function asksForRetry({ code, status, retryAfter }: KubeError): boolean {
  // Whoever evicts a pod has to say what it waits for, and not only to wait.
  if (code === 'disruption-budget') return false;
  if (status === undefined || retryAfter === undefined || retryAfter > LONGEST_PAUSE) return false;
  return status === 429 || status >= 500;
}

function timeoutError({ what, deadline }: KubeRequest): KubeError {
  return new KubeError('timeout', `cannot ${what}: no answer within ${deadline / 1000} s`);
}

function formatQuery(query: KubeRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== '') parameters.set(name, value);
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
