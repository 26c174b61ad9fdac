import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { ConnectionSecrets } from './credentials.ts';
import { startDeadline } from './deadline.ts';
import type { HttpAnswer, HttpRequest } from './http-answer.ts';
import { Http1Connections } from './http1-connections.ts';
import { Http2Connection } from './http2-connection.ts';
import type { SessionOptions } from './session-options.ts';

/** A connection that nobody uses costs the server something, a new handshake costs both more. */
const IDLE = 60_000;

/** How long requests that run when a certificate is replaced may go on over the old connection. */
const OVERLAP = 30_000;

/**
 * Connections to one API server. All requests and watches share one, by HTTP/2; where the server speaks only HTTP/1.1
 * each takes its own. When certificates change, new requests take new connections and the old ones are closed.
 */
export class Transport {
  readonly #options: SessionOptions;
  #secrets: ConnectionSecrets | undefined;
  #current: Connections | undefined;
  readonly #retired = new Map<Connections, () => void>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  request(secrets: ConnectionSecrets, request: HttpRequest): Promise<HttpAnswer> {
    if (this.#current === undefined || this.#secrets !== secrets) {
      if (this.#current !== undefined) this.#retire(this.#current);
      this.#secrets = secrets;
      this.#current = new Connections(this.#options, secrets);
    }
    return this.#current.request(request);
  }

  /** Ends everything that runs. */
  close(): void {
    for (const [connections, cancel] of this.#retired) {
      cancel();
      connections.destroy();
    }
    this.#retired.clear();
    this.#current?.destroy();
    this.#current = undefined;
  }

  #retire(connections: Connections): void {
    connections.close();
    const cancel = this.#options.clock.schedule(OVERLAP, () => {
      this.#retired.delete(connections);
      connections.destroy();
    });
    this.#retired.set(connections, cancel);
  }
}

/** Connections with the same certificates. */
class Connections {
  readonly #options: SessionOptions;
  readonly #origin: URL;
  readonly #tls: ConnectionOptions;
  readonly #open = new Set<Http2Connection>();
  readonly #closed = new AbortController();
  #connecting: Promise<void> | undefined;
  #http1: Http1Connections | undefined;

  constructor(options: SessionOptions, { authority, chain, key }: ConnectionSecrets) {
    const { access } = options;
    this.#options = options;
    this.#origin = new URL(access.server);
    const host = this.#origin.hostname.replace(/^\[|\]$/gu, '');
    this.#tls = {
      host,
      port: Number(this.#origin.port || 443),
      ...(/^[\d.]+$|:/u.test(host) ? {} : { servername: host }),
      ...(authority === undefined ? {} : { ca: authority }),
      ...(chain === undefined ? {} : { cert: chain }),
      ...(key === undefined ? {} : { key }),
      ...(access.serverName === undefined ? {} : { servername: access.serverName }),
      ...(access.insecure === true ? { rejectUnauthorized: false } : {}),
    };
    if (this.#origin.protocol === 'http:' || !options.http2) this.#useHttp1();
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    for (;;) {
      if (this.#http1 !== undefined) return this.#http1.request(request);
      const free = this.#free();
      if (free !== undefined) return free.request(request);
      this.#connecting ??= this.#connect().finally(() => {
        this.#connecting = undefined;
      });
      await unlessAborted(this.#connecting, request.signal);
    }
  }

  /** Lets what runs end. */
  close(): void {
    for (const connection of this.#open) connection.close();
  }

  destroy(): void {
    this.#closed.abort(new Error('the client is closed'));
    for (const connection of this.#open) connection.destroy();
    this.#http1?.destroy();
  }

  #free(): Http2Connection | undefined {
    for (const connection of this.#open) if (connection.isFree) return connection;
    return undefined;
  }

  /** Opens one more connection, for all who wait for one. */
  async #connect(): Promise<void> {
    const { clock, connectTimeout, streams, liveness } = this.#options;
    const deadline = startDeadline(
      clock,
      connectTimeout,
      () => new Error(`no connection within ${connectTimeout / 1000} s`),
      this.#closed.signal,
    );
    try {
      const socket = await handshake(this.#tls, deadline.signal);
      if (socket.alpnProtocol !== 'h2') {
        socket.destroy();
        this.#useHttp1();
        return;
      }
      let connection: Http2Connection | undefined;
      connection = await Http2Connection.open(
        {
          origin: this.#origin.origin,
          socket,
          clock,
          streams,
          liveness,
          idle: IDLE,
          onClose: () => {
            if (connection !== undefined) this.#open.delete(connection);
          },
        },
        deadline.signal,
      );
      if (connection.isOpen) this.#open.add(connection);
    } finally {
      deadline.release();
    }
  }

  #useHttp1(): void {
    this.#http1 = new Http1Connections(this.#origin, this.#tls, IDLE);
  }
}

async function handshake(options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({
    ...options,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  // A watch is silent for minutes, which a router on the way may take for its end.
  socket.setKeepAlive(true, 15_000);
  socket.setNoDelay(true);
  const abort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('secureConnect', () => resolve(socket));
  // Stays: an error after the handshake is the session's to report.
  socket.on('error', reject);
  socket.once('close', () => reject(new Error('the server closed the connection')));
  if (signal.aborted) abort();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Waits for what others wait for as well, and that therefore goes on, but no longer than until the signal aborts. */
async function unlessAborted(task: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([task, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
