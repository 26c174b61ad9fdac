import type { Credential } from './auth-file.ts';
import { readJsonObject } from './documents.ts';
import { OciError } from './oci-error.ts';
import { waitFor } from './registry-abort.ts';
import { hostAndPort, isLoopbackHost } from './registry-endpoint.ts';
import { type FailureContext, MAX_ERROR_BYTES, networkFailure, statusFailure } from './registry-failure.ts';
import type { RegistrySettings } from './registry-options.ts';
import { scopeValues, type Scope } from './registry-scope.ts';
import type { Transport } from './registry-transport.ts';

/** A token service, from a Bearer challenge. */
export interface TokenService {
  readonly realm: URL;
  readonly service: string | undefined;
}

/** Everything one token request depends on. */
export interface TokenRequest {
  readonly service: TokenService;
  readonly scopes: readonly Scope[];
  /** The `scope` parameter of the challenge. */
  readonly challenged: string | undefined;
  readonly credential: Credential | undefined;
  readonly context: FailureContext;
  readonly signal: AbortSignal | undefined;
}

const MAX_TOKEN_BYTES = 1024 * 1024;
/** What the token specification assumes when `expires_in` is missing, in seconds. */
const DEFAULT_LIFE = 60;
/** A token is given up this long before it expires, in milliseconds, because requests take time. */
const MARGIN = 10_000;

/**
 * Reads the realm of a Bearer challenge. A registry that is spoken to over TLS must name a TLS realm: else whoever
 * sits between could name one, and have the credentials sent there.
 * @throws {OciError} code `malformed` or `unsupported`
 */
export function tokenService(parameters: ReadonlyMap<string, string>, context: FailureContext): TokenService {
  const { action, registry, url } = context;
  const realm = URL.parse(parameters.get('realm') ?? '');
  if (
    realm === null ||
    (realm.protocol !== 'https:' && realm.protocol !== 'http:') ||
    realm.username !== ''
  ) {
    throw new OciError(
      'malformed',
      `cannot ${action}: ${hostAndPort(url)} names no usable token service; tell its operator`,
      { registry },
    );
  }
  if (realm.protocol === 'http:' && url.protocol === 'https:') {
    throw new OciError(
      'unsupported',
      `cannot ${action}: ${hostAndPort(url)} names a token service on plain HTTP (${hostAndPort(realm)}); it must be https`,
      { registry },
    );
  }
  return { realm, service: parameters.get('service') };
}

/** Fetches bearer tokens and keeps them until they expire; equal requests under way are sent once. */
export class TokenStore {
  readonly #transport: Transport;
  readonly #settings: Pick<RegistrySettings, 'now' | 'plainHttp'>;
  readonly #tokens = new Map<string, { readonly token: string; readonly expires: number }>();
  readonly #underway = new Map<string, Promise<string>>();

  constructor(transport: Transport, settings: Pick<RegistrySettings, 'now' | 'plainHttp'>) {
    this.#transport = transport;
    this.#settings = settings;
  }

  /** A token that is still good for the scopes, from the cache or from the service. */
  async token(request: TokenRequest): Promise<string> {
    const key = keyOf(request);
    const { context, signal } = request;
    for (;;) {
      const known = this.#tokens.get(key);
      if (known !== undefined && known.expires > this.#settings.now()) return known.token;
      const underway = this.#underway.get(key);
      if (underway === undefined) return this.#begin(key, request);
      try {
        return await waitFor(underway, signal, () => networkFailure(undefined, context, true));
      } catch (error) {
        // Who sent the request has given up; that says nothing about ours.
        const isTheirs = error instanceof OciError && error.code === 'aborted' && signal?.aborted !== true;
        if (!isTheirs) throw error;
      }
    }
  }

  /** Forgets a token that the registry refused. */
  forget(token: string): void {
    for (const [key, known] of this.#tokens) if (known.token === token) this.#tokens.delete(key);
  }

  #begin(key: string, request: TokenRequest): Promise<string> {
    const underway = this.#fetch(key, request).finally(() => this.#underway.delete(key));
    this.#underway.set(key, underway);
    return underway;
  }

  async #fetch(key: string, request: TokenRequest): Promise<string> {
    const { realm } = request.service;
    const context: FailureContext = { ...request.context, url: realm };
    const credential = request.credential;
    if (credential !== undefined && !this.#mayReceiveCredentials(realm, request.context.url)) {
      throw new OciError(
        'unsupported',
        `cannot ${context.action}: the token service ${hostAndPort(realm)} is another host on plain HTTP; credentials are not sent there`,
        { registry: context.registry },
      );
    }
    const asked = this.#settings.now();
    const { signal } = request;
    let answer;
    let body: Uint8Array;
    try {
      answer = await this.#transport.request({ ...message(request), signal });
      body =
        answer.status === 200 ? await answer.bytes(MAX_TOKEN_BYTES) : await answer.excerpt(MAX_ERROR_BYTES);
    } catch (error) {
      throw networkFailure(error, context, signal?.aborted === true);
    }
    if (answer.status !== 200)
      throw statusFailure(answer.status, answer.headers['retry-after'], body, context);
    const { token, life } = readToken(body, context);
    this.#tokens.set(key, { token, expires: asked + Math.max(life * 1000 - MARGIN, (life * 1000) / 2) });
    return token;
  }

  #mayReceiveCredentials(realm: URL, registry: URL): boolean {
    return (
      realm.protocol === 'https:' || realm.hostname === registry.hostname || isLoopbackHost(realm.hostname)
    );
  }
}

function message(request: TokenRequest): {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Uint8Array;
} {
  const { credential, service } = request;
  const url = new URL(service.realm);
  const scopes = scopeValues(request.scopes, request.challenged);
  if (credential?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'oci-client',
      refresh_token: credential.token,
    });
    if (service.service !== undefined) form.set('service', service.service);
    form.set('scope', scopes.join(' '));
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
  }
  if (service.service !== undefined) url.searchParams.set('service', service.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (credential !== undefined) {
    url.searchParams.set('account', credential.username);
    headers['authorization'] = basicAuthorization(credential.username, credential.password);
  }
  return { method: 'GET', url, headers };
}

/** The value of an `Authorization` header for user name and password. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function readToken(body: Uint8Array, context: FailureContext): { token: string; life: number } {
  let document: Record<string, unknown>;
  try {
    document = readJsonObject('token', body, MAX_TOKEN_BYTES);
  } catch {
    // Without the cause: a JSON syntax error quotes the text around it, which may be the token.
    throw noToken(context);
  }
  const token = document['token'] ?? document['access_token'];
  const life = document['expires_in'];
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/u.test(token)) throw noToken(context);
  return { token, life: typeof life === 'number' && life > 0 ? life : DEFAULT_LIFE };
}

function noToken(context: FailureContext): OciError {
  return new OciError(
    'malformed',
    `cannot ${context.action}: the token service ${hostAndPort(context.url)} answered without a token; is it the right one?`,
    { registry: context.registry },
  );
}

function keyOf(request: TokenRequest): string {
  const { credential, service } = request;
  return JSON.stringify([
    service.realm.href,
    service.service,
    scopeValues(request.scopes, undefined),
    credential?.kind,
  ]);
}
