import { constants } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { EmbeddedError } from '../embedded-error.ts';
import { Connections, type Connection } from './connections.ts';
import type { Exchange } from './exchange.ts';
import { Http1 } from './http1.ts';
import { Http2 } from './http2.ts';
import type { ServerLimits } from './server-limits.ts';

export interface TlsListenerOptions {
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa: string };
  readonly host?: string;
  readonly port?: number;
  readonly limits: ServerLimits;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Called for each request; never rejects. */
  readonly serve: (exchange: Exchange) => Promise<void>;
}

/**
 * Listens, and gives each connection to the HTTP that its client chose (ALPN). Not a server of node:http2 with `allowHTTP1`:
 * what that lets through depends on timeouts that it does not have for both.
 */
export class TlsListener {
  readonly connections: Connections;
  readonly #options: TlsListenerOptions;
  readonly #server: Server;
  readonly #http1: Http1;
  readonly #http2: Http2;
  /** By the client's address: TLS does not tell which of the accepted sockets has become which secure one. */
  readonly #pending = new Map<string, Connection>();

  constructor(options: TlsListenerOptions) {
    const { key, cert, clientCa } = options.tls;
    this.#options = options;
    this.connections = new Connections(options.limits, options.now);
    this.#http1 = new Http1(options.serve);
    this.#http2 = new Http2(options.serve);
    this.#server = createServer({
      ...contextOf({ key, cert, clientCa }),
      requestCert: true,
      // A client without a certificate may show a token, or be anonymous.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: options.limits.firstRequest,
    });
    this.#server.on('connection', (socket) => this.#accept(socket));
    this.#server.on('secureConnection', (socket) => this.#secure(socket));
    this.#server.on('tlsClientError', (_, socket) => socket.destroy());
  }

  /** Shows another certificate to those who connect from now on. */
  renew(tls: { readonly key: string; readonly cert: string }): void {
    this.#server.setSecureContext(contextOf({ ...this.#options.tls, ...tls }));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const host = this.#options.host ?? '127.0.0.1';
    return `https://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /** @throws EmbeddedError `cannot-start` if the port is taken */
  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        const why = error.code ?? error.message;
        reject(
          new EmbeddedError('cannot-start', `cannot listen on ${host}:${port}: ${why}`, { cause: error }),
        );
      };
      this.#server.once('error', onError);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off('error', onError);
        // Out of file descriptors, for example: the next connection may find some again.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Frees the port and closes what is idle; resolves when all connections are closed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#http2.announceEnd();
    this.connections.closeWaiting();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection = this.connections.accept(socket);
    if (connection === undefined) return;
    const key = addressOf(socket);
    this.#pending.set(key, connection);
    socket.on('close', () => {
      if (this.#pending.get(key) === connection) this.#pending.delete(key);
    });
    // A peer that was switched off says nothing for ever.
    socket.setKeepAlive(true, KEEP_ALIVE);
  }

  #secure(socket: TLSSocket): void {
    const key = addressOf(socket);
    const connection = this.#pending.get(key);
    this.#pending.delete(key);
    socket.on('error', () => socket.destroy());
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    if (socket.alpnProtocol === 'h2') this.#http2.accept(socket, connection);
    else this.#http1.accept(socket, connection);
  }
}

function contextOf({ key, cert, clientCa }: TlsListenerOptions['tls']): SecureContextOptions {
  return {
    key,
    cert,
    ca: clientCa,
    minVersion: 'TLSv1.2',
    // The certificate of a connection is looked at once.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** Connections that wait to be accepted; the system may allow fewer. */
const BACKLOG = 1024;

/** Milliseconds of silence before the system asks whether the peer is still there. */
const KEEP_ALIVE = 30_000;

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
