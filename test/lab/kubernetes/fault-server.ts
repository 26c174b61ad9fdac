import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface TestNode {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels: Record<string, string>;
    readonly managedFields: unknown;
  };
  readonly status: unknown;
}

interface LoggedEvent {
  readonly version: number;
  readonly line: string;
}

/** A request that came in. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly at: number;
}

/** Answers a request in place of the server; true if it did. */
export type Misbehaviour = (call: SeenCall, response: Http2ServerResponse) => boolean;

export interface FaultServerOptions {
  readonly key: string;
  readonly cert: string;
  /** Whose client certificates are asked for. */
  readonly clientAuthority?: string;
  readonly port?: number;
  readonly streams?: number;
  readonly http1?: boolean;
  /** Whether initial events can be streamed; refused as by an older server if not. */
  readonly watchList?: boolean;
}

/** A server of Nodes, as much as an informer needs, that breaks when and how it is told to. */
export class FaultServer {
  readonly calls: SeenCall[] = [];
  /** Common names of the client certificates, one for each connection. */
  readonly clients: string[] = [];
  readonly sessions = new Set<ServerHttp2Session>();
  handshakes = 0;
  misbehaviour: Misbehaviour = () => false;
  /** The bytes that each node has beside what it must have. */
  ballast = 0;
  #port = 0;
  #version = 1000;
  #oldest = 1000;
  readonly #nodes = new Map<string, TestNode>();
  readonly #log: LoggedEvent[] = [];
  readonly #watches = new Set<Http2ServerResponse>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Http2SecureServer;
  readonly #watchList: boolean;

  private constructor(options: FaultServerOptions) {
    this.#watchList = options.watchList ?? false;
    this.#server = createSecureServer(
      {
        key: options.key,
        cert: options.cert,
        allowHTTP1: true,
        ...(options.http1 === true ? { ALPNProtocols: ['http/1.1'] } : {}),
        ...(options.clientAuthority === undefined
          ? {}
          : { ca: options.clientAuthority, requestCert: true, rejectUnauthorized: false }),
        // What is not read stays here, as in a server that has more memory than sense.
        maxSessionMemory: 4000,
        settings: { maxConcurrentStreams: options.streams ?? 250 },
      },
      (request, response) => this.#handle(request, response),
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.#server.on('session', (session) => {
      this.sessions.add(session);
      session.on('close', () => this.sessions.delete(session));
      session.on('error', () => {});
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.handshakes += 1;
      const { subject } = socket.getPeerCertificate();
      this.clients.push(subject?.CN ?? '');
    });
    this.#server.on('sessionError', () => {});
  }

  static async start(options: FaultServerOptions): Promise<FaultServer> {
    const server = new FaultServer(options);
    await new Promise<void>((resolve) => server.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  get version(): number {
    return this.#version;
  }

  /** Full lists, first pages only. */
  get lists(): SeenCall[] {
    return this.calls.filter(
      ({ path, query }) => path === '/api/v1/nodes' && !query.has('watch') && !query.has('continue'),
    );
  }

  get watches(): SeenCall[] {
    return this.calls.filter(({ query }) => query.has('watch'));
  }

  put(name: string, labels: Record<string, string> = {}): TestNode {
    this.#version += 1;
    const old = this.#nodes.get(name);
    const node: TestNode = {
      metadata: {
        name,
        uid: old?.metadata.uid ?? `${name}-${this.#version}`,
        resourceVersion: String(this.#version),
        labels,
        managedFields: Array.from({ length: this.ballast === 0 ? 1 : 4 }, (_, index) => ({
          manager: `m${index}`,
          fieldsV1: { text: 'f'.repeat(this.ballast / 10) },
        })),
      },
      status: {
        images: Array.from({ length: this.ballast === 0 ? 0 : 50 }, (_, index) => ({
          names: [
            `registry.example.com/image-${index}@sha256:${'0'.repeat(64)}`,
            `registry/${'i'.repeat(this.ballast / 400)}:${index}`,
          ],
          sizeBytes: 1_000_000 + index,
        })),
        conditions: ['Ready', 'MemoryPressure', 'DiskPressure'].map((type) => ({
          type,
          status: 'True',
          message: `${type} ${name}`,
        })),
      },
    };
    this.#nodes.set(name, node);
    this.#event(old === undefined ? 'ADDED' : 'MODIFIED', node);
    return node;
  }

  remove(name: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    this.#version += 1;
    this.#nodes.delete(name);
    this.#event('DELETED', {
      ...node,
      metadata: { ...node.metadata, resourceVersion: String(this.#version) },
    });
  }

  /** Forgets what happened: watches from before are gone. */
  compact(): void {
    this.#version += 1;
    this.#oldest = this.#version;
    this.#log.length = 0;
  }

  bookmark(): void {
    const object = { kind: 'Node', apiVersion: 'v1', metadata: { resourceVersion: String(this.#version) } };
    this.tell(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  /** Writes a line into every watch. */
  tell(line: string): void {
    for (const watch of this.#watches) watch.write(line);
  }

  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Cuts every connection, with no word of farewell. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  goaway(): void {
    for (const session of this.sessions) session.goaway(0);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.cut();
    if (this.#server.listening)
      await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #event(type: string, node: TestNode): void {
    const line = `${JSON.stringify({ type, object: { kind: 'Node', apiVersion: 'v1', ...node } })}\n`;
    this.#log.push({ version: this.#version, line });
    this.tell(line);
  }

  #handle(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const url = new URL(request.url, 'https://localhost');
    const call: SeenCall = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization ?? '',
      at: performance.now(),
    };
    this.calls.push(call);
    request.resume();
    request.on('error', () => {});
    response.on('error', () => {});
    if (this.misbehaviour(call, response)) return;
    if (call.path !== '/api/v1/nodes') this.#one(call, response);
    else if (call.query.has('watch')) this.#watch(call, response);
    else this.#list(call, response);
  }

  #one({ path }: SeenCall, response: Http2ServerResponse): void {
    const node = this.#nodes.get(path.slice('/api/v1/nodes/'.length));
    if (node !== undefined) answer(response, 200, { kind: 'Node', apiVersion: 'v1', ...node });
    else refuse(response, 404, 'NotFound', { details: { name: 'x', kind: 'nodes' } });
  }

  #list({ query }: SeenCall, response: Http2ServerResponse): void {
    const all = [...this.#nodes.values()];
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? all.length);
    const to = limit === 0 ? all.length : from + limit;
    answer(response, 200, {
      kind: 'NodeList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(this.#version), continue: to < all.length ? String(to) : '' },
      items: all.slice(from, to),
    });
  }

  #watch({ query }: SeenCall, response: Http2ServerResponse): void {
    if (query.has('sendInitialEvents') && !this.#watchList) {
      refuse(response, 422, 'Invalid');
      return;
    }
    const from = Number(query.get('resourceVersion') ?? 0);
    begin(response);
    response.on('close', () => this.#watches.delete(response));
    if (query.has('sendInitialEvents')) {
      for (const node of this.#nodes.values()) {
        response.write(
          `${JSON.stringify({ type: 'ADDED', object: { kind: 'Node', apiVersion: 'v1', ...node } })}\n`,
        );
      }
      const metadata = {
        resourceVersion: String(this.#version),
        annotations: { 'k8s.io/initial-events-end': 'true' },
      };
      response.write(
        `${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Node', apiVersion: 'v1', metadata } })}\n`,
      );
    } else if (from < this.#oldest) {
      response.end(`${expired()}\n`);
      return;
    }
    if (from > 0) for (const event of this.#log) if (event.version > from) response.write(event.line);
    this.#watches.add(response);
  }
}

/** The event of a watch that cannot go on. */
export function expired(): string {
  const object = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'too old resource version: 1 (798)',
    reason: 'Expired',
    code: 410,
  };
  return JSON.stringify({ type: 'ERROR', object });
}

/** Sends the headers of a stream. */
export function begin(response: Http2ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  // Missing in the types, which HTTP/1.1's response has in any case.
  (response as unknown as { flushHeaders(): void }).flushHeaders();
}

export function answer(response: Http2ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** A Status of failure; `retryAfter` in seconds. */
export function refuse(
  response: Http2ServerResponse,
  code: number,
  reason: string,
  extra: object = {},
  retryAfter?: number,
): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
  answer(response, code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `refused: ${reason}`,
    reason,
    code,
    ...extra,
  });
}
