import { OciError } from './oci-error.ts';
import { waitFor } from './registry-abort.ts';
import { Authenticator } from './registry-authenticator.ts';
import { originsOf } from './registry-endpoint.ts';
import {
  errorCode,
  type FailureContext,
  isProtocolMismatch,
  MAX_ERROR_BYTES,
  networkFailure,
  parseComplaints,
  quoteComplaints,
  statusFailure,
} from './registry-failure.ts';
import type { RegistrySettings } from './registry-options.ts';
import { isRedirect, nextHop } from './registry-redirect.ts';
import { retrying } from './registry-retry.ts';
import type { Scope } from './registry-scope.ts';
import type { Transport, TransportResponse } from './registry-transport.ts';

/** One call of a registry's API. */
export interface Call {
  /** What is tried, for messages, after "cannot": `read manifest quay.io/team/os:1`. */
  readonly action: string;
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'PATCH' | 'POST' | 'PUT';
  /** A path from `/v2/` on, or a URL that the registry gave. */
  readonly target: string | URL;
  readonly scopes: readonly Scope[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The statuses that the caller handles; every other one is thrown. */
  readonly accept: readonly number[];
  readonly signal: AbortSignal | undefined;
  /** False when the caller itself decides about another try. Default: true. */
  readonly retry?: boolean;
}

/** An accepted response. */
export interface Answer extends TransportResponse {
  /** Where it came from after redirects. */
  readonly url: URL;
  /** Turns an error while its body is read into an {@link OciError}. */
  readonly failure: (error: unknown) => OciError;
}

/** A server that speaks TLS says so in plain text when it is spoken to in plain HTTP (Go, nginx). */
const PLAIN_TO_TLS = /HTTP request (?:was )?(?:sent )?to (?:an )?HTTPS (?:server|port)/iu;

/** Talks to one registry: protocol, authorisation, redirects, retries and error messages. */
export class RegistrySession {
  readonly registry: string;
  readonly settings: RegistrySettings;
  readonly #transport: Transport;
  readonly #authenticator: Authenticator;
  readonly #origins: readonly string[];
  /** The origin that answered; undefined until one did. */
  #origin: string | undefined;
  /** The first request, while it finds out which origin answers. */
  #probe: Promise<unknown> | undefined;

  constructor(registry: string, transport: Transport, settings: RegistrySettings) {
    this.registry = registry;
    this.settings = settings;
    this.#transport = transport;
    this.#authenticator = new Authenticator(transport, settings);
    this.#origins = originsOf(registry, settings.plainHttp);
    if (this.#origins.length === 1) this.#origin = this.#origins[0];
  }

  /**
   * Makes the call, again after failures that may pass.
   * @throws {OciError}
   */
  async send(call: Call): Promise<Answer> {
    const attempt = (): Promise<Answer> => this.#attempt(call);
    return call.retry === false ? attempt() : retrying(this.settings, call.signal, attempt);
  }

  /** The error for a status that the caller accepted and then found wanting; reads the body. */
  async rejection(call: Pick<Call, 'action' | 'method'>, answer: Answer): Promise<OciError> {
    const body = await answer.excerpt(MAX_ERROR_BYTES);
    return statusFailure(answer.status, answer.headers['retry-after'], body, this.#context(call, answer.url));
  }

  async #attempt(call: Call): Promise<Answer> {
    while (this.#origin === undefined && this.#probe !== undefined) {
      const probed = new URL(this.#origins[0] ?? '');
      await waitFor(this.#probe, call.signal, () =>
        networkFailure(undefined, this.#context(call, probed), true),
      );
    }
    const answer =
      this.#origin === undefined
        ? await this.#firstContact(call)
        : await this.#authorized(this.#origin, call);
    if (call.accept.includes(answer.status)) return answer;
    throw await this.rejection(call, answer);
  }

  /** Tries the origins in turn with the call itself, so that finding out costs no request of its own. */
  #firstContact(call: Call): Promise<Answer> {
    const contact = this.#tryOrigins(call);
    this.#probe = contact.then(
      () => {},
      () => {
        this.#probe = undefined;
      },
    );
    return contact;
  }

  async #tryOrigins(call: Call): Promise<Answer> {
    let first: unknown;
    for (const origin of this.#origins) {
      try {
        const answer = await this.#authorized(origin, call);
        if (answer.status === 400 && origin.startsWith('http:')) {
          const text = Buffer.from(await answer.excerpt(MAX_ERROR_BYTES)).toString('latin1');
          const refusal = statusFailure(
            400,
            undefined,
            Buffer.from(text, 'latin1'),
            this.#context(call, answer.url),
          );
          // The answer to a HEAD has no text, so it takes a try.
          if (call.method === 'HEAD' || PLAIN_TO_TLS.test(text)) {
            first ??= refusal;
            continue;
          }
          throw refusal;
        }
        this.#origin = origin;
        return answer;
      } catch (error) {
        if (!speaksAnotherProtocol(error, origin)) {
          // Any answer, a refused certificate too, shows that this protocol is the right one: that is what to tell.
          throw first !== undefined && error instanceof OciError && error.code === 'unreachable'
            ? first
            : error;
        }
        first ??= error;
      }
    }
    throw first;
  }

  async #authorized(origin: string, call: Call): Promise<Answer> {
    const url = typeof call.target === 'string' ? new URL(call.target, origin) : call.target;
    const need = {
      scopes: call.scopes,
      signal: call.signal,
      context: this.#context(call, url),
      said: '(401)',
    };
    const ours = url.origin === new URL(origin).origin;
    const sent = ours ? await this.#authenticator.authorization(need) : undefined;
    const answer = await this.#follow(call, url, sent);
    if (!ours || answer.status !== 401 || answer.url.origin !== url.origin) return answer;
    const refusal = { ...need, said: await complaintOf(answer) };
    const better = await this.#authenticator.challenged(answer.challenges, refusal, sent);
    const second = await this.#follow(call, url, better);
    if (second.status !== 401 || second.url.origin !== url.origin) return second;
    throw this.#authenticator.refused({ ...need, said: await complaintOf(second) });
  }

  /** Sends the request and follows redirects. The authorisation goes to the origin it is for and to no other. */
  async #follow(call: Call, start: URL, authorization: string | undefined): Promise<Answer> {
    const trail: [URL, ...URL[]] = [start];
    for (let url = start; ;) {
      const answer = await this.#once(call, url, url.origin === start.origin ? authorization : undefined);
      if (!isRedirect(answer.status, call.method)) return answer;
      answer.discard();
      url = nextHop(call.action, trail, answer.headers.location);
      trail.push(url);
    }
  }

  async #once(call: Call, url: URL, authorization: string | undefined): Promise<Answer> {
    const { body, method, signal } = call;
    const failure = (error: unknown): OciError =>
      networkFailure(error, this.#context(call, url), signal?.aborted === true);
    try {
      const headers = { ...call.headers, ...(authorization === undefined ? {} : { authorization }) };
      const response = await this.#transport.request({ method, url, headers, body, signal });
      return { ...response, url, failure };
    } catch (error) {
      throw failure(error);
    }
  }

  #context({ action, method }: Pick<Call, 'action' | 'method'>, url: URL): FailureContext {
    const { now, optionNames } = this.settings;
    return { action, method, registry: this.registry, url, names: optionNames, now: now() };
  }
}

async function complaintOf(answer: Answer): Promise<string> {
  return quoteComplaints(answer.status, parseComplaints(await answer.excerpt(MAX_ERROR_BYTES)));
}

/** Tells whether the error can come from speaking HTTP to a TLS server or TLS to an HTTP server or to a closed port. */
function speaksAnotherProtocol(error: unknown, origin: string): boolean {
  if (!(error instanceof OciError)) return false;
  const code = errorCode(error.cause);
  if (mismatch(error) || code === 'ECONNRESET') return true;
  return origin.startsWith('https:') && (code === 'ECONNREFUSED' || code === 'ERR_PROXY_TUNNEL');
}

function mismatch(error: OciError): boolean {
  return isProtocolMismatch(errorCode(error.cause));
}
