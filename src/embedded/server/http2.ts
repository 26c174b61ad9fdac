import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Connection } from './connections.ts';
import type { Exchange, HeaderFields } from './exchange.ts';

/** What kube-apiserver allows a client: watches share a connection. */
const MAX_STREAMS = 1000;

/** Serves HTTP/2 on sockets that {@link Http2.accept} is given. */
export class Http2 {
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #serve: (exchange: Exchange) => Promise<void>;

  constructor(serve: (exchange: Exchange) => Promise<void>) {
    this.#serve = serve;
  }

  accept(socket: TLSSocket, connection: Connection): void {
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: MAX_STREAMS } });
    this.#sessions.add(session);
    connection.closeBy(() => session.destroy());
    session.on('close', () => this.#sessions.delete(session));
    // A client that breaks off, or breaks the rules, is no error of ours; the session is closed.
    session.on('error', () => {});
    session.on('stream', (stream, headers, flags, rawHeaders) => {
      stream.on('error', () => {});
      const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
      const exchange = new Http2Exchange(stream, { headers, rawHeaders, hasBody }, connection, socket);
      connection.begin();
      void this.#serve(exchange).finally(() => connection.end());
    });
  }

  /** Lets clients know that they are to open no more streams. */
  announceEnd(): void {
    for (const session of this.#sessions) session.close();
  }
}

interface Head {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly hasBody: boolean;
}

class Http2Exchange implements Exchange {
  readonly connection: Connection;
  readonly #stream: ServerHttp2Stream;
  readonly #head: Head;
  readonly #socket: TLSSocket;
  #isLast = false;

  constructor(stream: ServerHttp2Stream, head: Head, connection: Connection, socket: TLSSocket) {
    this.#stream = stream;
    this.#head = head;
    this.connection = connection;
    this.#socket = socket;
  }

  get method(): string {
    return this.#head.headers[':method'] ?? '';
  }

  get target(): string {
    return this.#head.headers[':path'] ?? '/';
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }

  header(name: string): string | undefined {
    const value = this.#head.headers[name];
    return typeof value === 'object' ? value.join(',') : value;
  }

  get certificate(): Uint8Array | undefined {
    return this.connection.certificate(() => this.#socket.getPeerX509Certificate()?.raw);
  }

  get body(): ServerHttp2Stream | undefined {
    return this.#head.hasBody ? this.#stream : undefined;
  }

  get output(): ServerHttp2Stream {
    return this.#stream;
  }

  continue(): void {
    if (this.header('expect') === '100-continue') this.#stream.additionalHeaders({ ':status': 100 });
  }

  respond(status: number, headers: HeaderFields, isLast: boolean): void {
    this.#isLast = isLast;
    const fields: OutgoingHttpHeaders = { ':status': status };
    for (const [name, value] of Object.entries(headers))
      fields[name] = typeof value === 'string' ? value : [...value];
    this.#stream.respond(fields);
  }

  async finish(rest: Uint8Array): Promise<void> {
    const stream = this.#stream;
    if (!stream.closed && !stream.destroyed) {
      await new Promise<void>((resolve) => {
        stream.once('close', resolve);
        // Node ends the stream of an answer to HEAD by itself.
        if (stream.writableEnded) resolve();
        // Not by end's callback: as a rule the stream is closed first, and Node would make an error for it each time.
        else stream.once('finish', resolve).end(rest);
      });
    }
    // RFC 9113 §8.1: a complete answer with this code asks the client to send no more.
    if (this.#head.hasBody && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    if (this.#isLast) stream.session?.close();
  }

  abandon(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }
}
