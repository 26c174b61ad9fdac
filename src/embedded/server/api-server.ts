import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { EmbeddedError } from '../embedded-error.ts';
import { StatusError, Watch, statusAnswer, type ApiAnswer, type ApiCall } from '../rest/index.ts';
import type { Store } from '../store/index.ts';
import { BodyBudget } from './request-body.ts';
import { WatchStream, type WatchClock } from './watch-stream.ts';

/** What answers the requests. */
export interface ApiHandler {
  handle(call: ApiCall): Promise<ApiAnswer | Watch>;
}

export interface ApiServerOptions {
  readonly handler: ApiHandler;
  readonly store: Store;
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa: string };
  /** Default: loopback. */
  readonly host?: string;
  /** Default: any free one. */
  readonly port?: number;
}

/** A running API server. */
export interface ApiServer {
  /** `https://127.0.0.1:6443`. */
  readonly url: string;
  readonly port: number;
  /** Ends watches, waits for requests under way and stops. */
  close(): Promise<void>;
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Bodies that are read at one time, in bytes. */
const BODY_BUDGET = 64 * 1024 * 1024;

/** Answers smaller than this, in bytes, are not worth compressing (kubernetes-api §3). */
const GZIP_FROM = 128 * 1024;

/** A connection on which no request came for so long, in milliseconds, is closed. */
const HEADERS_TIMEOUT = 15_000;

/** How long requests under way may take when the server stops, in milliseconds. */
const CLOSE_GRACE = 2000;

const compress = promisify(gzip);

/** Serves the API over TLS, HTTP/1.1 and HTTP/2. @throws EmbeddedError `cannot-start` if the port is taken */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const server = new HttpShell(options);
  await server.listen();
  return server;
}

class HttpShell implements ApiServer {
  readonly #handler: ApiHandler;
  readonly #options: ApiServerOptions;
  readonly #server: Http2SecureServer;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #streams = new Map<string, Set<WatchStream>>();
  readonly #bodies = new BodyBudget(BODY_BUDGET);
  readonly #unsubscribe: () => void;
  #isClosing = false;
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#handler = options.handler;
    this.#server = createSecureServer({
      allowHTTP1: true,
      key: options.tls.key,
      cert: options.tls.cert,
      ca: options.tls.clientCa,
      requestCert: true,
      // A client without a certificate may show a token, or be anonymous.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      settings: { maxConcurrentStreams: 1000 },
      handshakeTimeout: HEADERS_TIMEOUT,
    });
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
    });
    // A client that breaks off, or speaks no TLS, is no error of ours.
    this.#server.on('sessionError', () => {});
    this.#server.on('tlsClientError', (_, socket) => socket.destroy());
    this.#server.on('clientError', (_, socket) => socket.destroy());
    this.#unsubscribe = options.store.subscribe((storages) => this.#pump(storages));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const host = this.#options.host ?? '127.0.0.1';
    return `https://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          new EmbeddedError(
            'cannot-start',
            `cannot listen on ${host}:${port}: ${error.code ?? error.message}`,
            {
              cause: error,
            },
          ),
        );
      });
      this.#server.listen(port, host, resolve);
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#unsubscribe();
    for (const stream of [...this.#streams.values()].flatMap((set) => [...set])) stream.end();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const session of this.#sessions) session.close();
    if (this.#underWay > 0) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#idle = resolve;
        }),
        new Promise<void>((resolve) => {
          setTimeout(resolve, CLOSE_GRACE).unref();
        }),
      ]);
    }
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** A connection has to bring a request soon, and so has an idle one that begins to. */
  #accept(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
  }

  async #serve(request: Request, response: Response): Promise<void> {
    this.#underWay++;
    response.on('error', () => {});
    try {
      const answer = await this.#answer(request);
      if (answer instanceof Watch) await this.#stream(answer, response);
      else await this.#send(answer, request, response);
    } catch {
      // The connection broke while the answer was sent; nobody is left to tell.
      response.destroy();
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#idle?.();
    }
  }

  async #answer(request: Request): Promise<ApiAnswer | Watch> {
    try {
      if (this.#isClosing) {
        throw new StatusError(429, 'TooManyRequests', 'the server is stopping', { retryAfterSeconds: 1 });
      }
      const body = await this.#bodies.read(request);
      const shown = (request.socket as TLSSocket).getPeerX509Certificate();
      return await this.#handler.handle({
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        rawHeaders: request.rawHeaders,
        body,
        certificate: shown?.raw,
      });
    } catch (error) {
      if (error instanceof StatusError)
        return statusAnswer(error, { 'user-agent': request.headers['user-agent'] });
      throw error;
    }
  }

  async #send(answer: ApiAnswer, request: Request, response: Response): Promise<void> {
    let body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    const headers: Record<string, string | string[]> = {
      'audit-id': randomUUID(),
      'cache-control': 'no-cache, private',
      ...answer.headers,
    };
    if (answer.warnings.length > 0) headers['warning'] = answer.warnings.map(warningHeader);
    const accepts = String(request.headers['accept-encoding'] ?? '');
    if (body.byteLength > GZIP_FROM && /\bgzip\b/.test(accepts)) {
      body = await compress(body, { level: 1 });
      headers['content-encoding'] = 'gzip';
      headers['vary'] = 'Accept-Encoding';
    }
    headers['content-length'] = String(body.byteLength);
    // What the client still sends of a body that was refused is not waited for.
    if (!request.complete && request.httpVersionMajor === 1) headers['connection'] = 'close';
    (response as ServerResponse).writeHead(answer.status, headers);
    await new Promise<void>((resolve) => {
      response.on('close', resolve);
      response.end(body, () => resolve());
    });
    if (!request.complete) request.destroy();
  }

  async #stream(watch: Watch, response: Response): Promise<void> {
    // The two kinds of response differ in types alone here.
    const output = response as ServerResponse;
    output.writeHead(200, {
      'audit-id': randomUUID(),
      'cache-control': 'no-cache, private',
      'content-type': 'application/json',
    });
    // kubectl wait hangs until it has seen the headers (kubernetes-api §0).
    output.flushHeaders();
    const stream = new WatchStream(watch, output, CLOCK);
    const streams = this.#streams.get(watch.storage) ?? new Set();
    streams.add(stream);
    this.#streams.set(watch.storage, streams);
    stream.pump();
    await stream.done;
    streams.delete(stream);
  }

  #pump(storages: ReadonlySet<string>): void {
    for (const storage of storages) {
      for (const stream of this.#streams.get(storage) ?? []) stream.pump();
    }
  }
}

const CLOCK: WatchClock = {
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** `299 - "text"`; what a header cannot hold is left out. */
function warningHeader(text: string): string {
  const safe = text.replaceAll(/[^\u0020-\u007e]/g, '?').slice(0, 1000);
  return `299 - "${safe.replaceAll(/["\\]/g, '\\$&')}"`;
}
