import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Connection } from './connections.ts';
import type { Exchange, HeaderFields } from './exchange.ts';

/** Of a request's line and headers, in bytes: bearer tokens and selectors are long. */
const MAX_HEAD = 64 * 1024;

/** Requests that may wait behind one another on a connection: hardly any client sends one before the answer to the last. */
const MAX_PIPELINED = 64;

/** What a client that was refused may still send before its connection is closed: it would not see the answer otherwise. */
const LINGER = { bytes: 128 * 1024 * 1024, milliseconds: 2000 };

/** Serves HTTP/1.1 on sockets that {@link Http1.accept} is given. Requests of one connection are served one by one. */
export class Http1 {
  readonly #server: Server;
  readonly #connections = new WeakMap<object, Turns>();
  readonly #serve: (exchange: Exchange) => Promise<void>;

  constructor(serve: (exchange: Exchange) => Promise<void>) {
    this.#serve = serve;
    // Connections are watched by Connections; these timeouts work only for servers that listen themselves.
    this.#server = createServer({ keepAliveTimeout: 0, maxHeaderSize: MAX_HEAD });
    this.#server.on('request', (request, response) => this.#take(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#take(request, response, true));
    this.#server.on('clientError', refuseMalformed);
  }

  accept(socket: TLSSocket, connection: Connection): void {
    this.#connections.set(socket, { connection, waiting: 0, last: Promise.resolve() });
    this.#server.emit('connection', socket);
  }

  #take(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const turns = this.#connections.get(request.socket);
    // Node reads a line without a version as a request of HTTP/0.9, whose answers have no head.
    if (request.httpVersionMajor < 1) {
      refuseMalformed(new Error('no version'), request.socket);
      return;
    }
    if (turns === undefined || turns.waiting >= MAX_PIPELINED) {
      request.socket.destroy();
      return;
    }
    response.on('error', () => {});
    const exchange = new Http1Exchange(request, response, turns.connection, expectsContinue);
    turns.waiting++;
    turns.connection.begin();
    turns.last = turns.last
      .then(() => this.#serve(exchange))
      .finally(() => {
        turns.waiting--;
        turns.connection.end();
      });
  }
}

/** The requests of a connection in their order. */
interface Turns {
  readonly connection: Connection;
  waiting: number;
  last: Promise<void>;
}

class Http1Exchange implements Exchange {
  readonly connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
    expectsContinue: boolean,
  ) {
    this.#request = request;
    this.#response = response;
    this.connection = connection;
    this.#expectsContinue = expectsContinue;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get target(): string {
    return this.#request.url ?? '/';
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === 'object' ? value.join(',') : value;
  }

  get certificate(): Uint8Array | undefined {
    const socket = this.#request.socket as TLSSocket;
    return this.connection.certificate(() => socket.getPeerX509Certificate()?.raw);
  }

  get body(): IncomingMessage | undefined {
    const { headers } = this.#request;
    const hasBody =
      headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
    return hasBody ? this.#request : undefined;
  }

  get output(): ServerResponse {
    return this.#response;
  }

  continue(): void {
    if (this.#expectsContinue) this.#response.writeContinue();
  }

  respond(status: number, headers: HeaderFields, isLast: boolean): void {
    const close = isLast || !this.#hasAllOfBody();
    this.#response.writeHead(status, { ...headers, ...(close ? { connection: 'close' } : {}) } as Record<
      string,
      string
    >);
    this.#response.flushHeaders();
  }

  async finish(rest: Uint8Array): Promise<void> {
    const response = this.#response;
    const isStillSending = !this.#hasAllOfBody();
    if (isStillSending) {
      response.write(rest);
      await discard(this.#request);
    }
    if (response.destroyed) return;
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.end(isStillSending ? undefined : rest, resolve);
    });
  }

  abandon(): void {
    this.#request.socket.destroy();
  }

  #hasAllOfBody(): boolean {
    return this.body === undefined || this.#request.complete;
  }
}

/** Reads and forgets. */
async function discard(request: IncomingMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    let size = 0;
    const timer = setTimeout(resolve, LINGER.milliseconds);
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > LINGER.bytes) resolve();
    });
    request.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    request.resume();
  });
}

const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** What is no HTTP is told so, as Go's server does, and not read any further. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = REFUSALS[error.code ?? ''] ?? '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
    () => socket.destroy(),
  );
}
