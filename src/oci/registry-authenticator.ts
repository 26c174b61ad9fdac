import type { CredentialLookup } from './auth-file.ts';
import { OciError } from './oci-error.ts';
import { parseChallenges } from './registry-challenge.ts';
import { type FailureContext, unauthorized } from './registry-failure.ts';
import type { RegistrySettings } from './registry-options.ts';
import type { Scope } from './registry-scope.ts';
import { basicAuthorization, tokenService, type TokenService, TokenStore } from './registry-token.ts';
import type { Transport } from './registry-transport.ts';

/** The request that wants to be authorised. */
export interface AuthorizationNeed {
  readonly scopes: readonly Scope[];
  readonly context: FailureContext;
  /** What the registry said when it refused, for messages: `(401 CODE: message)`. */
  readonly said: string;
  readonly signal: AbortSignal | undefined;
}

type Method = { readonly kind: 'basic' } | { readonly kind: 'bearer'; readonly service: TokenService };

/**
 * Answers the challenges of one registry. Nothing is sent before the registry asks; what it asked for is remembered,
 * so that later requests carry their authorisation at once.
 */
export class Authenticator {
  readonly #auth: RegistrySettings['auth'];
  readonly #tokens: TokenStore;
  #method: Method | undefined;

  constructor(transport: Transport, settings: RegistrySettings) {
    this.#auth = settings.auth;
    this.#tokens = new TokenStore(transport, settings);
  }

  /** The `Authorization` value to send, or undefined while the registry has not asked for one. */
  async authorization(need: AuthorizationNeed): Promise<string | undefined> {
    return this.#method === undefined ? undefined : this.#answer(this.#method, need, undefined);
  }

  /**
   * The `Authorization` value to send after a 401, given what the refused request carried.
   * @throws {OciError} code `unauthorized` when there is nothing better to send
   */
  async challenged(
    challenges: readonly string[],
    need: AuthorizationNeed,
    sent: string | undefined,
  ): Promise<string> {
    const parsed = parseChallenges(challenges);
    const bearer = parsed.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) {
      if (sent?.startsWith('Bearer ') === true) this.#tokens.forget(sent.slice('Bearer '.length));
      this.#method = { kind: 'bearer', service: tokenService(bearer.parameters, need.context) };
      return this.#answer(this.#method, need, bearer.parameters.get('scope'));
    }
    if (!parsed.some((challenge) => challenge.scheme === 'basic')) {
      const { action, registry } = need.context;
      const schemes = parsed.map((challenge) => challenge.scheme).join(', ');
      const reason =
        schemes === ''
          ? 'without a challenge'
          : `with challenges that are not supported (${schemes.slice(0, 60)})`;
      throw new OciError(
        'unauthorized',
        `cannot ${action}: ${registry} answered 401 ${reason}, so there is no way to log in; is it a registry?`,
        { registry, status: 401 },
      );
    }
    if (sent?.startsWith('Basic ') === true) throw this.refused(need);
    this.#method = { kind: 'basic' };
    return this.#answer(this.#method, need, undefined);
  }

  /** The error for a request that was refused although it carried what it could. */
  refused(need: AuthorizationNeed): OciError {
    return unauthorized(need.context, this.#lookup(need), need.said);
  }

  async #answer(method: Method, need: AuthorizationNeed, challenged: string | undefined): Promise<string> {
    const { credential } = this.#lookup(need);
    if (method.kind === 'basic') {
      if (credential?.kind !== 'basic') throw this.refused(need);
      return basicAuthorization(credential.username, credential.password);
    }
    try {
      const token = await this.#tokens.token({ service: method.service, challenged, credential, ...need });
      return `Bearer ${token}`;
    } catch (error) {
      if (error instanceof OciError && error.code === 'unauthorized') {
        throw unauthorized({ ...need.context, url: method.service.realm }, this.#lookup(need), '(401)');
      }
      throw error;
    }
  }

  #lookup(need: AuthorizationNeed): CredentialLookup {
    const repository = need.scopes[0]?.repository ?? '';
    return this.#auth?.lookup(need.context.registry, repository) ?? { files: [] };
  }
}
