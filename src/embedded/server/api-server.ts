import { randomUUID } from 'node:crypto';
import { StatusError } from '../status/index.ts';
import { Watch, statusAnswer, type ApiAnswer, type ApiCall } from '../rest/index.ts';
import type { Store } from '../store/index.ts';
import { answerBody, compressed, type AnswerBody } from './answer-body.ts';
import { AnswerBudget } from './answer-budget.ts';
import type { Exchange } from './exchange.ts';
import { BodyBudget } from './request-body.ts';
import { SERVER_LIMITS, type ServerLimits } from './server-limits.ts';
import { TimeSlices } from './time-slices.ts';
import { TlsListener } from './tls-listener.ts';
import { WatchStream, type WatchClock } from './watch-stream.ts';
import { WatchStreams } from './watch-streams.ts';

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
  /** Default: what suits one machine. */
  readonly limits?: Partial<ServerLimits>;
  /** Told of defects. */
  readonly report?: (message: string) => void;
}

/** A running API server. */
export interface ApiServer {
  /** `https://127.0.0.1:6443`. */
  readonly url: string;
  readonly port: number;
  /** Shows another certificate to those who connect from now on. PEM. */
  renew(tls: { readonly key: string; readonly cert: string }): void;
  /** Ends watches, waits for requests under way and stops. */
  close(): Promise<void>;
}

/** Bodies that are read at one time, in bytes. */
const BODY_BUDGET = 64 * 1024 * 1024;

/** Answers that wait for their clients, in bytes. */
const ANSWER_BUDGET = 64 * 1024 * 1024;

/** Requests at one time, watches apart; more would only wait for one another. */
const MAX_REQUESTS = 3000;

/** So many requests on one connection are served even if there are too many: others made them so many. */
const FAIR_REQUESTS = 20;

/** Watches at one time: some kinds for each of some thousand agents. */
const MAX_WATCHES = 20_000;

/** Answers smaller than this, in bytes, are not worth compressing (kubernetes-api §3). */
const GZIP_FROM = 128 * 1024;

/** How long requests under way may take when the server stops, in milliseconds. */
const CLOSE_GRACE = 2000;

/** How often to look for clients that do nothing, in milliseconds. */
const SWEEP_INTERVAL = 1000;

/** Serves the API over TLS, HTTP/1.1 and HTTP/2. @throws EmbeddedError `cannot-start` if the port is taken */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const server = new HttpShell(options);
  await server.listen();
  return server;
}

/** An answer whose body is as it is sent. */
type Answer = Omit<ApiAnswer, 'body'> & { readonly body: AnswerBody };

class HttpShell implements ApiServer {
  readonly #handler: ApiHandler;
  readonly #report: (message: string) => void;
  readonly #listener: TlsListener;
  readonly #streams = new WatchStreams();
  readonly #bodies: BodyBudget;
  readonly #answers: AnswerBudget;
  readonly #slices = new TimeSlices();
  readonly #unsubscribe: () => void;
  readonly #sweeps: NodeJS.Timeout;
  #isClosing = false;
  #watches = 0;
  #requests = 0;
  #idle: (() => void) | undefined;

  constructor(options: ApiServerOptions) {
    this.#handler = options.handler;
    this.#report = options.report ?? (() => {});
    const limits = { ...SERVER_LIMITS, ...options.limits };
    this.#bodies = new BodyBudget(BODY_BUDGET, limits.body);
    this.#answers = new AnswerBudget(ANSWER_BUDGET, limits.answer, CLOCK.now);
    this.#listener = new TlsListener({
      ...options,
      limits,
      now: CLOCK.now,
      serve: (exchange) => this.#serve(exchange),
    });
    this.#unsubscribe = options.store.subscribe((_storages, _revision, changes) =>
      this.#streams.tell(changes),
    );
    this.#sweeps = setInterval(() => {
      this.#listener.connections.sweep();
      this.#answers.sweep();
    }, SWEEP_INTERVAL);
    this.#sweeps.unref();
  }

  get port(): number {
    return this.#listener.port;
  }

  get url(): string {
    return this.#listener.url;
  }

  async listen(): Promise<void> {
    try {
      await this.#listener.listen();
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  renew(tls: { readonly key: string; readonly cert: string }): void {
    this.#listener.renew(tls);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stop();
    for (const stream of this.#streams) stream.end();
    const closed = this.#listener.close();
    if (this.#requests > 0) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#idle = resolve;
        }),
        new Promise<void>((resolve) => {
          setTimeout(resolve, CLOSE_GRACE).unref();
        }),
      ]);
    }
    this.#listener.connections.destroy();
    await closed;
  }

  #stop(): void {
    this.#unsubscribe();
    clearInterval(this.#sweeps);
  }

  async #serve(exchange: Exchange): Promise<void> {
    this.#requests++;
    let stream: WatchStream | undefined;
    try {
      const answer = await this.#answer(exchange);
      if (answer instanceof Watch) stream = this.#open(answer, exchange);
      else await this.#send(answer, exchange);
    } catch {
      // The connection broke while the request was read or answered; nobody is left to tell.
      exchange.abandon();
    } finally {
      this.#requests--;
      if (this.#requests === 0) this.#idle?.();
    }
    if (stream === undefined) return;
    await stream.done;
    this.#watches--;
    this.#streams.delete(stream);
  }

  async #answer(exchange: Exchange): Promise<Answer | Watch> {
    try {
      this.#admit(exchange);
      const body = await this.#bodies.read(exchange);
      if (!this.#slices.hasTime) await this.#slices.wait();
      if (exchange.output.destroyed) throw new Error('the client broke off');
      const began = CLOCK.now();
      const answering = this.#handler.handle({
        method: exchange.method,
        target: exchange.target,
        rawHeaders: exchange.rawHeaders,
        body,
        certificate: exchange.certificate,
        isCrowded: this.#answers.isFull,
      });
      this.#slices.leave(CLOCK.now() - began);
      const answer = await answering;
      if (answer instanceof Watch) {
        if (this.#watches >= MAX_WATCHES) throw tooMany('watches');
        return answer;
      }
      const encoded = { ...answer, body: answerBody(answer.body) };
      this.#answers.admit(encoded.body.size);
      return encoded;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const answer = statusAnswer(error, { 'user-agent': exchange.header('user-agent') });
      return { ...answer, body: answerBody(answer.body) };
    }
  }

  /** Refuses what there is no room for. @throws StatusError 429 */
  #admit({ connection }: Exchange): void {
    if (this.#isClosing) {
      throw new StatusError(429, 'TooManyRequests', 'the server is stopping', { retryAfterSeconds: 1 });
    }
    if (connection.isSurplus) throw tooMany('connections');
    if (this.#requests > MAX_REQUESTS && connection.underWay > FAIR_REQUESTS) throw tooMany('requests');
  }

  async #send(answer: Answer, exchange: Exchange): Promise<void> {
    let { body } = answer;
    const headers: Record<string, string | string[]> = { ...commonHeaders(), ...answer.headers };
    if (answer.warnings.length > 0) headers['warning'] = warningHeaders(answer.warnings);
    if (body.size > GZIP_FROM && /\bgzip\b/.test(exchange.header('accept-encoding') ?? '')) {
      const plain = body;
      body = await this.#answers.hold(plain.size, () => compressed(plain));
      headers['content-encoding'] = 'gzip';
      headers['vary'] ??= 'Accept-Encoding';
    }
    headers['content-length'] = String(body.size);
    exchange.respond(answer.status, headers, this.#isClosing || exchange.connection.isSurplus);
    await this.#answers.send(body, exchange);
  }

  /** Begins to send a watch. @throws Error if the client has broken off: of its end nothing would be heard any more */
  #open(watch: Watch, exchange: Exchange): WatchStream {
    if (exchange.output.destroyed) throw new Error('the client broke off');
    // kubectl wait hangs until it has seen the headers (kubernetes-api §0): they go out at once.
    exchange.respond(200, { ...commonHeaders(), 'content-type': 'application/json' }, false);
    const stream = new WatchStream(watch, exchange.output, CLOCK, this.#report);
    this.#streams.add(stream);
    this.#watches++;
    if (this.#isClosing) stream.end();
    else stream.pump();
    return stream;
  }
}

function commonHeaders(): Record<string, string> {
  return { 'audit-id': randomUUID(), 'cache-control': 'no-cache, private' };
}

function tooMany(what: string): StatusError {
  return new StatusError(429, 'TooManyRequests', `too many ${what}: try again later`, {
    retryAfterSeconds: 5,
  });
}

const CLOCK: WatchClock & { readonly now: () => number } = {
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
  now: () => performance.now(),
};

/** All warnings of an answer together have at most so many characters (k8s.io/apiserver, warning recorder)… */
const MAX_WARNINGS = 4096;

/** …and if that is not enough, each of them has so many. */
const MAX_WARNING = 256;

function warningHeaders(warnings: readonly string[]): string[] {
  const isLong = warnings.reduce((sum, { length }) => sum + length, 0) > MAX_WARNINGS;
  const headers: string[] = [];
  let size = 0;
  for (const text of warnings) {
    const shown = isLong ? text.slice(0, MAX_WARNING) : text;
    size += shown.length;
    if (size > MAX_WARNINGS) break;
    headers.push(warningHeader(shown));
  }
  return headers;
}

/** `299 - "text"`; what a header cannot hold is left out. */
function warningHeader(text: string): string {
  const safe = text.replaceAll(/[^\u0020-\u007e]/g, '?');
  return `299 - "${safe.replaceAll(/["\\]/g, '\\$&')}"`;
}
