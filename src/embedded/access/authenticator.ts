import { ClientCertificates } from './client-certificates.ts';
import { longestToken } from './json-web-token.ts';
import { unauthorized, type StatusError } from '../status/index.ts';
import type { RequestHeaders } from './request-headers.ts';
import type { ServiceAccountTokens, TokenVerdict } from './service-account-tokens.ts';
import { type StaticToken, StaticTokens } from './static-tokens.ts';
import { anonymous, authenticated, type User } from './user.ts';

/** What a request shows of who makes it. */
export interface RequestCredentials {
  readonly headers: RequestHeaders;
  /** DER of the certificate that the client showed, trusted or not. */
  readonly certificate?: Uint8Array;
}

export interface AuthenticatorOptions {
  /** PEM: who signs clients' certificates. */
  readonly authority: string;
  readonly serviceAccounts: ServiceAccountTokens;
  readonly staticTokens?: readonly StaticToken[];
}

const invalidToken = 'invalid bearer token';

/** Finds out who makes a request. */
export class Authenticator {
  /** Whom tokens are for if they name nobody else: this API server. */
  readonly audiences: readonly string[];
  readonly #certificates: ClientCertificates;
  readonly #serviceAccounts: ServiceAccountTokens;
  readonly #staticTokens: StaticTokens;

  constructor(options: AuthenticatorOptions) {
    this.audiences = [options.serviceAccounts.issuer];
    this.#certificates = new ClientCertificates(options.authority);
    this.#serviceAccounts = options.serviceAccounts;
    this.#staticTokens = new StaticTokens(options.staticTokens ?? []);
  }

  /**
   * A certificate goes before a token, as in Kubernetes. Who shows nothing is anonymous; who shows something that is wrong
   * is refused, even where an anonymous request would be answered.
   * @param now milliseconds since 1970
   */
  authenticate(
    credentials: RequestCredentials,
    now: number,
  ): { readonly user: User } | { readonly refusal: StatusError } {
    const { certificate, headers } = credentials;
    const owner = certificate === undefined ? undefined : this.#certificates.find(certificate, now);
    if (owner !== undefined) return { user: authenticated(owner) };
    const token = bearerToken(headers);
    const verdict = token === undefined ? undefined : this.review(token, this.audiences, now);
    if (verdict !== undefined && 'user' in verdict) return { user: verdict.user };
    return verdict === undefined && certificate === undefined
      ? { user: anonymous }
      : { refusal: unauthorized() };
  }

  /** Whom a token means to one of these audiences. */
  review(token: string, audiences: readonly string[], now: number): TokenVerdict {
    if (token.length > longestToken) return { problem: invalidToken };
    const known = this.#staticTokens.find(token);
    const own = audiences.filter((audience) => this.audiences.includes(audience));
    if (known !== undefined && own.length > 0) return { user: authenticated(known), audiences: own };
    const verdict = this.#serviceAccounts.verify(token, audiences, now);
    if (verdict === undefined) return { problem: invalidToken };
    if ('problem' in verdict) return { problem: `[${invalidToken}, ${verdict.problem}]` };
    return { ...verdict, user: authenticated(verdict.user) };
  }
}

/** The token of `Authorization: Bearer TOKEN`. Another scheme, or an empty token, is as good as no header. */
function bearerToken(headers: RequestHeaders): string | undefined {
  const header = headers.get('authorization')?.[0]?.trim() ?? '';
  const [scheme = '', token = ''] = header.split(' ', 3);
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}
