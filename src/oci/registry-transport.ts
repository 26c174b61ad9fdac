import { X509Certificate } from 'node:crypto';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import { OciError } from './oci-error.ts';
import { isListed, isLoopbackHost } from './registry-endpoint.ts';
import type { RegistrySettings } from './registry-options.ts';

/** One HTTP request. */
export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The head of a response and ways to read its body, of which exactly one is to be called. */
export interface TransportResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly challenges: readonly string[];
  /** The body, piece by piece; leaving the loop early closes the connection. */
  readonly body: () => AsyncGenerator<Uint8Array, void, undefined>;
  /** The whole body, at most `limit` bytes (else an {@link OversizeError}). */
  readonly bytes: (limit: number) => Promise<Uint8Array>;
  /** The first `limit` bytes of the body; the rest is dropped. */
  readonly excerpt: (limit: number) => Promise<Uint8Array>;
  /** Reads the body away when it is small, so that the connection can be used again. */
  readonly discard: () => void;
}

/** What went over the wire, without headers. */
export interface Traffic {
  readonly requests: number;
  /** Bytes of request bodies. */
  readonly sent: number;
  /** Bytes of response bodies. */
  readonly received: number;
}

/** Marks the silence of a server; the message layer turns it into a sentence. */
class InactivityError extends Error {
  override readonly name = 'InactivityError';
  readonly code = 'ETIMEDOUT';
}

/** Marks a body that is larger than its reader allows. */
export class OversizeError extends Error {
  override readonly name = 'OversizeError';
  readonly code = 'EMSGSIZE';
  readonly limit: number;

  constructor(limit: number) {
    super(`more than ${limit} bytes`);
    this.limit = limit;
  }
}

type TransportSettings = Pick<
  RegistrySettings,
  'certificateAuthorities' | 'inactivity' | 'optionNames' | 'plainHttp' | 'proxyEnv' | 'userAgent'
>;

/** A larger rest of a body costs more to read away than a new connection. */
const DISCARD_BYTES = 64 * 1024;
/** The unit of sending: a write of this size that makes no progress within the inactivity limit means a dead server. */
const WRITE_BYTES = 1024 * 1024;
/** A PUT is answered after the registry has moved the whole blob into place, which may take this much longer. */
const COMMIT_PATIENCE = 5;
/** How often a request is sent again at once because the server had closed the idle connection that it used. */
const MAX_STALE_CONNECTIONS = 3;

/** Sends single HTTP requests over kept-alive connections. Knows nothing of registries, retries or redirects. */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #agents = new Map<string, http.Agent>();
  #requests = 0;
  #sent = 0;
  #received = 0;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  get traffic(): Traffic {
    return { requests: this.#requests, sent: this.#sent, received: this.#received };
  }

  /** Closes all connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** Sends the request and resolves with the head of the response; rejects with the plain error of the network. */
  async request(request: TransportRequest): Promise<TransportResponse> {
    for (let stale = 0; ; stale += 1) {
      const outcome = await this.#send(request, stale < MAX_STALE_CONNECTIONS);
      if (outcome !== 'stale connection') return outcome;
    }
  }

  #send(request: TransportRequest, mayBeStale: boolean): Promise<TransportResponse | 'stale connection'> {
    const { url, method, body, signal } = request;
    const secure = url.protocol === 'https:';
    this.#requests += 1;
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = { 'user-agent': this.#settings.userAgent, ...request.headers };
      if (body !== undefined || method === 'POST') headers['content-length'] = String(body?.length ?? 0);
      const outgoing = (secure ? https : http).request(url, {
        method,
        headers,
        agent: this.#agent(url),
        ...(signal === undefined ? {} : { signal }),
      });
      const patience = this.#settings.inactivity * (method === 'PUT' ? COMMIT_PATIENCE : 1);
      const watchdog = new Watchdog(patience, (error) => outgoing.destroy(error));
      let answered = false;
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        watchdog.stop();
        // Once the head is there, the reader of the body reports what happens.
        if (answered) return;
        // Content may have been taken in part; only its sender can find out, or begin a new upload.
        const inPart = method === 'PATCH' || (method === 'PUT' && body !== undefined && body.length > 0);
        const dropped = !inPart && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (dropped && outgoing.reusedSocket && mayBeStale) resolve('stale connection');
        else reject(error);
      });
      outgoing.on('response', (incoming) => {
        answered = true;
        watchdog.stop();
        // An answer that came before the whole request was sent leaves a connection that is of no more use.
        incoming.on('close', () => {
          if (!outgoing.writableFinished) outgoing.destroy();
        });
        resolve(this.#response(incoming, () => outgoing.destroy()));
      });
      watchdog.start();
      if (body === undefined || body.length <= WRITE_BYTES) {
        this.#sent += body?.length ?? 0;
        outgoing.end(body);
      } else {
        this.#write(outgoing, body, watchdog, () => answered);
      }
    });
  }

  /** Writes a large body in slices, so that every slice that gets through restarts the watchdog. */
  #write(outgoing: http.ClientRequest, body: Uint8Array, watchdog: Watchdog, answered: () => boolean): void {
    let at = 0;
    const next = (): void => {
      if (outgoing.destroyed || answered()) return;
      watchdog.start();
      const slice = body.subarray(at, at + WRITE_BYTES);
      at += slice.length;
      this.#sent += slice.length;
      if (at < body.length) outgoing.write(slice, next);
      else outgoing.end(slice);
    };
    next();
  }

  #response(incoming: IncomingMessage, destroy: () => void): TransportResponse {
    const body = (): AsyncGenerator<Uint8Array, void, undefined> => this.#read(incoming, destroy);
    const declared = Number(incoming.headers['content-length'] ?? Number.NaN);
    incoming.on('error', ignore);
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      challenges: incoming.headersDistinct['www-authenticate'] ?? [],
      body,
      bytes: (limit) => readAll(body(), limit, declared),
      excerpt: (limit) => readExcerpt(body(), limit),
      discard: () => this.#discard(incoming, destroy),
    };
  }

  #discard(incoming: IncomingMessage, destroy: () => void): void {
    const watchdog = new Watchdog(this.#settings.inactivity, destroy);
    let length = 0;
    watchdog.start();
    incoming.on('close', () => watchdog.stop());
    incoming.on('data', (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > DISCARD_BYTES) destroy();
    });
  }

  async *#read(incoming: IncomingMessage, destroy: () => void): AsyncGenerator<Uint8Array, void, undefined> {
    const watchdog = new Watchdog(this.#settings.inactivity, (error) => incoming.destroy(error));
    const chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, void>;
    try {
      for (;;) {
        // The watchdog runs only while we wait for the server, never while the consumer thinks.
        watchdog.start();
        const chunk = await chunks.next();
        watchdog.stop();
        if (chunk.done === true) return;
        this.#received += chunk.value.length;
        yield chunk.value;
      }
    } finally {
      watchdog.stop();
      if (!incoming.complete) destroy();
    }
  }

  #agent(url: URL): http.Agent {
    const secure = url.protocol === 'https:';
    const loopback = isLoopbackHost(url.hostname);
    const unverified = secure && isListed(url, this.#settings.plainHttp);
    const key = `${url.protocol}${loopback}${unverified}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const proxyEnv = loopback ? undefined : this.#settings.proxyEnv;
      const common = { keepAlive: true, ...(proxyEnv === undefined ? {} : { proxyEnv }) };
      agent = secure ? new https.Agent({ ...common, ...this.#trust(unverified) }) : new http.Agent(common);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  #trust(unverified: boolean): https.AgentOptions {
    if (unverified) return { rejectUnauthorized: false };
    const { certificateAuthorities: extra, optionNames } = this.#settings;
    for (const pem of extra) {
      // Checked here because TLS passes over what it cannot read, and then blames the server's certificate.
      if (!isCertificate(pem)) {
        const name = optionNames.certificateAuthorities;
        throw new OciError(
          'invalid-option',
          `cannot use ${name}: it holds something else than certificates in PEM`,
        );
      }
    }
    return extra.length === 0 ? {} : { ca: [...tls.getCACertificates('default'), ...extra] };
  }
}

/** Reports when nothing happened for a while between `start` and `stop`. */
class Watchdog {
  readonly #limit: number;
  readonly #bite: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(limit: number, bite: (error: Error) => void) {
    this.#limit = limit;
    this.#bite = bite;
  }

  start(): void {
    this.stop();
    this.#timer = setTimeout(() => this.#bite(new InactivityError('no answer in time')), this.#limit);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function readAll(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  declared: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit || declared > limit) throw new OversizeError(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

async function readExcerpt(body: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= limit) break;
    }
  } catch {
    // An error body that breaks off still says something.
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function ignore(): void {}
