import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from './clock.ts';
import { NotProcessedError, type HttpAnswer, type HttpRequest } from './http-answer.ts';
import type { LivenessLimits } from './session-options.ts';

export interface Http2ConnectionOptions {
  readonly origin: string;
  readonly socket: TLSSocket;
  readonly clock: Clock;
  /** No more streams at once than this, and than the server allows. */
  readonly streams: number;
  readonly liveness: LivenessLimits;
  /** No more than this many milliseconds without a stream. */
  readonly idle: number;
  readonly onClose: () => void;
}

/** How much of one answer may be on its way unread. A list takes megabytes; a watch that nobody reads costs this. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;

/**
 * One HTTP/2 connection. It takes no more streams when the server says GOAWAY, though those it has go on; and it
 * ends when the server no longer answers PING: a frozen server, or a network that swallows packets, keeps a watch
 * silent for as long as TCP tries.
 */
export class Http2Connection {
  readonly #session: ClientHttp2Session;
  readonly #options: Http2ConnectionOptions;
  #streams = 0;
  #isReady = false;
  #cancelIdle = (): void => {};
  #cancelPing = (): void => {};

  private constructor(options: Http2ConnectionOptions) {
    const { origin, socket, onClose } = options;
    this.#options = options;
    this.#session = connect(origin, {
      createConnection: () => socket,
      // Answers that nobody reads are bounded by their windows.
      maxSessionMemory: 1024,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
    });
    // Streams fail with it.
    this.#session.on('error', () => {});
    this.#session.on('close', () => {
      this.#cancelIdle();
      this.#cancelPing();
      onClose();
    });
    this.#session.once('connect', () => {
      if (!this.#session.destroyed) this.#session.setLocalWindowSize(CONNECTION_WINDOW);
    });
  }

  /** Resolves when the server has said what it allows; a server that says nothing is none. */
  static async open(options: Http2ConnectionOptions, signal: AbortSignal): Promise<Http2Connection> {
    const connection = new Http2Connection(options);
    const session = connection.#session;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => connection.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    session.once('remoteSettings', () => resolve());
    session.once('error', reject);
    session.once('close', () => reject(new Error('the server closed the connection')));
    if (signal.aborted) abort();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    connection.#isReady = true;
    connection.#restless();
    connection.#supervise();
    return connection;
  }

  /** Whether it takes one more request now. */
  get isFree(): boolean {
    return this.#isReady && this.isOpen && this.#streams < this.#ceiling;
  }

  /** Whether it will take requests again when others have ended. */
  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Sends a request; only while {@link isFree}. */
  async request({ method, path, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const stream = this.#begin({ ...headers, ':method': method, ':path': path }, body === undefined);
    this.#streams += 1;
    this.#cancelIdle();
    stream.once('close', () => {
      this.#streams -= 1;
      this.#restless();
    });
    endWith(stream, signal);
    if (body !== undefined) stream.end(body);
    return begin(stream);
  }

  /** Lets the streams end, and takes no new ones. */
  close(): void {
    if (this.isOpen) this.#session.close();
  }

  destroy(reason?: Error): void {
    if (!this.#session.destroyed) this.#session.destroy(reason);
  }

  #begin(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    try {
      return this.#session.request(headers, { endStream });
    } catch (error) {
      // A session that ends in this very turn: nothing was sent.
      throw new NotProcessedError('the connection ends', { cause: error });
    }
  }

  get #ceiling(): number {
    return Math.min(
      this.#options.streams,
      this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Closes the connection after a time without streams. */
  #restless(): void {
    this.#cancelIdle();
    if (this.#streams > 0 || !this.isOpen) return;
    this.#cancelIdle = this.#options.clock.schedule(this.#options.idle, () => this.close());
  }

  #supervise(): void {
    const { clock, liveness } = this.#options;
    const { interval, grace } = liveness;
    this.#cancelPing = clock.schedule(interval, () => {
      if (this.#session.destroyed) return;
      this.#cancelPing = clock.schedule(grace, () => {
        this.destroy(new Error(`no answer to PING for ${grace / 1000} s`));
      });
      this.#session.ping((error) => {
        if (error !== null) return;
        this.#cancelPing();
        this.#supervise();
      });
    });
  }
}

/** The beginning of an answer. */
async function begin(stream: ClientHttp2Stream): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  let hasBegun = false;
  stream.once('response', (headers) => {
    hasBegun = true;
    resolve({
      status: headers[':status'] ?? 0,
      retryAfter: headers['retry-after'],
      body: stream,
    });
  });
  stream.once('error', (error: Error) =>
    reject(isRefused(stream) ? new NotProcessedError(error.message, { cause: error }) : error),
  );
  stream.once('close', () => {
    if (hasBegun) return;
    const message = 'the stream ended before its answer';
    reject(isRefused(stream) ? new NotProcessedError(message) : new Error(message));
  });
  return promise;
}

/** RFC 9113 §8.7: what came after a GOAWAY, or was refused outright, was not looked at. */
function isRefused({ rstCode }: ClientHttp2Stream): boolean {
  return rstCode === constants.NGHTTP2_REFUSED_STREAM;
}

/** Ends a stream, and tells the server, when the signal aborts. */
function endWith(stream: ClientHttp2Stream, signal: AbortSignal): void {
  const abort = (): void => {
    stream.close(constants.NGHTTP2_CANCEL);
    stream.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  };
  // Also of a stream whose answer nobody waits for any more.
  stream.on('error', () => {});
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
}
