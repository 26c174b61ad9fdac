import { createHash } from 'node:crypto';
import { valueAt, objectAt, textAt, textsAt, goQuoteList, type JsonObject } from '../../schema/index.ts';
import type { ReadObject } from './read-object.ts';
import { signToken, verifyToken } from './json-web-token.ts';
import type { ServiceAccountKey } from './service-account-key.ts';
import { extraKeys, serviceAccountGroups, serviceAccountUsername, user, type User } from './user.ts';

/** An object that a token stands or falls with. */
export interface ObjectIdentity {
  readonly name: string;
  readonly uid: string;
}

/** What a new token shall say. */
export interface TokenGrant {
  readonly namespace: string;
  readonly serviceAccount: ObjectIdentity;
  readonly audiences: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  /** The token ends when the pod does. */
  readonly pod?: ObjectIdentity;
  /** Where the pod runs; without a pod, the token ends when the node does. A node that is not there has no uid. */
  readonly node?: ObjectIdentity;
  readonly secret?: ObjectIdentity;
}

/** What came of a token: a user, or why there is none. The reason is for reviews and has nothing of the token. */
export type TokenVerdict =
  | { readonly user: User; readonly audiences: readonly string[] }
  | { readonly problem: string };

/** Kubernetes' JWT library lets clocks differ by so much. Seconds. */
const leeway = 60;

/** Signed tokens are asked about again and again; verifying one costs some 30 µs. */
const rememberedTokens = 4096;

export interface ServiceAccountTokensOptions {
  /** `iss`: for example `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer: string;
  readonly key: ServiceAccountKey;
  readonly read: ReadObject;
}

/** Issues and verifies the tokens of service accounts (k8s.io/kubernetes/pkg/serviceaccount). */
export class ServiceAccountTokens {
  readonly issuer: string;
  readonly #key: ServiceAccountKey;
  readonly #read: ReadObject;
  /** Claims of tokens with a good signature, by the token's hash. */
  readonly #genuine = new Map<string, JsonObject>();

  constructor(options: ServiceAccountTokensOptions) {
    this.issuer = options.issuer;
    this.#key = options.key;
    this.#read = options.read;
  }

  /**
   * @param now milliseconds since 1970
   * @param id a UUID that no other token has
   */
  issue(grant: TokenGrant, now: number, id: string): string {
    const issuedAt = Math.floor(now / 1000);
    const { namespace, serviceAccount, pod, node, secret } = grant;
    const bound: JsonObject = {
      namespace,
      ...(node === undefined ? {} : { node: reference(node) }),
      ...(pod === undefined ? {} : { pod: reference(pod) }),
      ...(secret === undefined ? {} : { secret: reference(secret) }),
      serviceaccount: reference(serviceAccount),
    };
    const claims: JsonObject = {
      aud: [...grant.audiences],
      exp: issuedAt + grant.lifetime,
      iat: issuedAt,
      iss: this.issuer,
      jti: id,
      'kubernetes.io': bound,
      nbf: issuedAt,
      sub: serviceAccountUsername(namespace, serviceAccount.name),
    };
    return signToken(claims, this.#key);
  }

  /**
   * Verifies signature, time and audience, and that what the token is bound to still is the same object.
   * @param now milliseconds since 1970
   * @returns undefined if it is no token of this issuer at all
   */
  verify(token: string, audiences: readonly string[], now: number): TokenVerdict | undefined {
    const claims = this.#claims(token);
    if (claims === undefined || claims['iss'] !== this.issuer) return undefined;
    const accepted = textsAt(claims, 'aud').filter((audience) => audiences.includes(audience));
    if (accepted.length === 0) {
      const shown = `${goQuoteList(textsAt(claims, 'aud'))} is invalid for the target audiences`;
      return { problem: `token audiences ${shown} ${goQuoteList(audiences)}` };
    }
    const problem = timeProblem(claims, now / 1000) ?? this.#bindingProblem(claims, now / 1000);
    return problem === undefined ? { user: tokenUser(claims), audiences: accepted } : { problem };
  }

  #claims(token: string): JsonObject | undefined {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.#genuine.get(hash);
    if (known !== undefined) return known;
    const claims = verifyToken(token, this.#key);
    if (claims === undefined) return undefined;
    const oldest = this.#genuine.keys().next();
    if (this.#genuine.size >= rememberedTokens && oldest.done !== true) this.#genuine.delete(oldest.value);
    this.#genuine.set(hash, claims);
    return claims;
  }

  #bindingProblem(claims: JsonObject, now: number): string | undefined {
    const bound = objectAt(claims, 'kubernetes.io');
    const namespace = textAt(bound, 'namespace');
    const account = textAt(bound, 'serviceaccount', 'name');
    const stored = this.#read('v1', 'ServiceAccount', namespace, account);
    if (stored === undefined) return `serviceaccounts "${account}" not found`;
    if (isGone(stored, now)) return `service account ${namespace}/${account} has been deleted`;
    if (textAt(stored, 'metadata', 'uid') !== textAt(bound, 'serviceaccount', 'uid')) {
      return 'service account UID does not match claim';
    }
    const hasPod = objectAt(bound, 'pod') !== undefined;
    const references = [
      { kind: 'Secret', namespace, reference: objectAt(bound, 'secret') },
      { kind: 'Pod', namespace, reference: objectAt(bound, 'pod') },
      { kind: 'Node', namespace: '', reference: hasPod ? undefined : objectAt(bound, 'node') },
    ];
    const isVoid = references.some(({ kind, namespace, reference }) => {
      if (reference === undefined) return false;
      const object = this.#read('v1', kind, namespace, textAt(reference, 'name'));
      const isSame = textAt(object, 'metadata', 'uid') === textAt(reference, 'uid');
      return object === undefined || !isSame || isGone(object, now);
    });
    return isVoid ? 'service account token has been invalidated' : undefined;
  }
}

function reference({ name, uid }: ObjectIdentity): JsonObject {
  return uid === '' ? { name } : { name, uid };
}

function timeProblem(claims: JsonObject, now: number): string | undefined {
  const expiry = valueAt(claims, 'exp');
  const start = valueAt(claims, 'nbf');
  if (typeof expiry !== 'number' || now - leeway > expiry) return 'service account token has expired';
  const isEarly = typeof start !== 'number' || now + leeway < start;
  return isEarly ? 'service account token is not valid yet' : undefined;
}

/** Whether an object waits for its finalizers and has done so longer than clocks differ. */
function isGone(object: JsonObject, now: number): boolean {
  const deleted = Date.parse(textAt(object, 'metadata', 'deletionTimestamp'));
  return deleted / 1000 < now - leeway;
}

function tokenUser(claims: JsonObject): User {
  const bound = objectAt(claims, 'kubernetes.io');
  const namespace = textAt(bound, 'namespace');
  const extra = [
    [extraKeys.credentialId, `JTI=${textAt(claims, 'jti')}`],
    [extraKeys.podName, textAt(bound, 'pod', 'name')],
    [extraKeys.podUid, textAt(bound, 'pod', 'uid')],
    [extraKeys.nodeName, textAt(bound, 'node', 'name')],
    [extraKeys.nodeUid, textAt(bound, 'node', 'uid')],
  ] as const;
  return user(serviceAccountUsername(namespace, textAt(bound, 'serviceaccount', 'name')), {
    uid: textAt(bound, 'serviceaccount', 'uid'),
    groups: serviceAccountGroups(namespace),
    extra: new Map(extra.filter(([, value]) => value !== '').map(([key, value]) => [key, [value]])),
  });
}
