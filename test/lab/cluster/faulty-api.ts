import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { Agent, request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { openCredentials } from '../../../src/embedded/access/index.ts';
import type { ClusterAccess, ValueSource } from '../../../src/kube/index.ts';
import { Relay } from '../relay.ts';
import { listen, portOf } from '../tampering-registry.ts';

/** A request on its way to the API server. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
  readonly isWrite: boolean;
}

/**
 * What becomes of a request.
 *
 * - `refuse`: it does not reach the server.
 * - `lose`: it reaches the server, and the answer is one of these, or none, in place of the server's.
 * - `cut`: the connection breaks before it reaches the server.
 * - `delay`: it is slow; in milliseconds.
 * - `mute`: a watch that says nothing for so many milliseconds, whatever happens, and then breaks.
 */
export type ApiFault =
  | { readonly kind: 'refuse'; readonly status: 409 | 429 | 500; readonly retryAfter?: number }
  | { readonly kind: 'lose'; readonly how: 500 | 'cut' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'mute'; readonly milliseconds: number };

const REASONS: Readonly<Record<409 | 429 | 500, string>> = {
  409: 'Conflict',
  429: 'TooManyRequests',
  500: 'InternalError',
};

/** Of HTTP/1.1, which HTTP/2 does not have. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

interface Upstream {
  readonly url: URL;
  readonly agent: Agent;
  readonly options: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
}

/** Stands between clients and an API server, with a certificate of its own, and does to requests what a test decides. */
export class FaultyApi {
  /** What becomes of a request; undefined: nothing in particular. */
  decide: (call: ApiCall) => ApiFault | undefined = () => undefined;
  /** What was done, how often. */
  readonly faults = new Map<string, number>();
  readonly #server: Http2SecureServer;
  readonly #relay: Relay;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #upstream: Upstream;
  readonly #authority: string;

  private constructor(server: Http2SecureServer, relay: Relay, upstream: Upstream, authority: string) {
    this.#server = server;
    this.#relay = relay;
    this.#upstream = upstream;
    this.#authority = authority;
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => {});
    });
    server.on('request', (incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.stream.destroy());
    });
  }

  static async start(access: ClusterAccess): Promise<FaultyApi> {
    const folder = await mkdtemp(join(tmpdir(), 'varve-faulty-api-'));
    const credentials = await openCredentials(folder, Date.now());
    const { privateKey, certificate } = await credentials.server(Date.now());
    await rm(folder, { recursive: true });
    const server = createSecureServer({ key: privateKey, cert: certificate });
    const options: RequestOptions = {
      ...(access.authority === undefined ? {} : { ca: await textOf(access.authority) }),
      ...(access.certificate === undefined
        ? {}
        : { cert: await textOf(access.certificate.chain), key: await textOf(access.certificate.key) }),
      ...(access.serverName === undefined ? {} : { servername: access.serverName }),
      rejectUnauthorized: access.insecure !== true,
    };
    const headers =
      access.token === undefined ? {} : { authorization: `Bearer ${await textOf(access.token)}` };
    const url = new URL(access.server);
    const agent = new Agent({ keepAlive: true });
    await listen(server);
    const relay = await Relay.start(portOf(server));
    return new FaultyApi(server, relay, { url, agent, options, headers }, credentials.authority);
  }

  /** How to reach the API server through this. */
  get access(): ClusterAccess {
    return {
      server: `https://127.0.0.1:${this.#relay.port}`,
      namespace: 'default',
      authority: { value: this.#authority },
    };
  }

  /** Breaks all connections. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
  }

  /** The connections of now are dead, and nobody is told. */
  freeze(): void {
    this.#relay.freeze();
    this.#count('frozen');
  }

  async close(): Promise<void> {
    this.cut();
    await this.#relay.close();
    this.#upstream.agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: Http2ServerRequest, outgoing: Http2ServerResponse): Promise<void> {
    const { method, url } = incoming;
    const isWatch = /[?&]watch=true/u.test(url);
    const isWrite = !['GET', 'HEAD'].includes(method);
    const fault = this.decide({ method, path: url, isWatch, isWrite });
    if (fault !== undefined) this.#count(nameOf(fault));
    const body = await buffer(incoming);
    switch (fault?.kind) {
      case 'refuse':
        return refuse(outgoing, fault.status, fault.retryAfter);
      case 'cut':
        return outgoing.stream.session?.destroy();
      case 'lose': {
        const answer = await this.#ask(incoming, body, new AbortController().signal);
        answer.resume();
        return fault.how === 500 ? refuse(outgoing, 500) : outgoing.stream.session?.destroy();
      }
      case 'delay':
        await pause(fault.milliseconds);
        break;
      case 'mute':
      case undefined:
    }
    const abort = new AbortController();
    outgoing.on('close', () => abort.abort());
    const answer = await this.#ask(incoming, body, abort.signal);
    const headers = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
    outgoing.writeHead(answer.statusCode ?? 500, Object.fromEntries(headers));
    answer.on('error', () => outgoing.stream.destroy());
    if (fault?.kind === 'mute') {
      await pause(fault.milliseconds);
      outgoing.stream.destroy();
      return;
    }
    answer.pipe(outgoing);
  }

  #ask(incoming: Http2ServerRequest, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, agent, options, headers } = this.#upstream;
    const sent = Object.entries(incoming.headers).filter(
      ([name]) => !name.startsWith(':') && name !== 'host',
    );
    const base = url.pathname.replace(/\/$/u, '');
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...options,
          agent,
          signal,
          host: url.hostname,
          port: url.port === '' ? 443 : url.port,
          method: incoming.method,
          path: base + incoming.url,
          headers: { ...Object.fromEntries(sent), ...headers },
        },
        resolve,
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  #count(name: string): void {
    this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  }
}

function nameOf(fault: ApiFault): string {
  switch (fault.kind) {
    case 'refuse':
      return String(fault.status);
    case 'lose':
      return `answer lost (${fault.how})`;
    case 'cut':
    case 'delay':
    case 'mute':
      return fault.kind;
  }
}

function refuse(outgoing: Http2ServerResponse, code: 409 | 429 | 500, retryAfter?: number): void {
  const status = { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure' };
  outgoing.writeHead(code, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  outgoing.end(JSON.stringify({ ...status, reason: REASONS[code], message: 'injected', code }));
}

async function textOf(source: ValueSource): Promise<string> {
  return 'value' in source ? source.value : (await readFile(source.file, 'utf8')).trim();
}
