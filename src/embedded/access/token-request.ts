import {
  invalidValue,
  valueAt,
  objectAt,
  textAt,
  textsAt,
  goQuote,
  formatTime,
  invalidUnshown,
  type FieldError,
  type JsonObject,
} from '../../schema/index.ts';
import type { ReadObject } from './read-object.ts';
import { StatusError, badRequest, conflict, invalid, notFound } from '../status/index.ts';
import { type Reviewed, withoutEmpty } from './review.ts';
import type { ObjectIdentity, ServiceAccountTokens } from './service-account-tokens.ts';

/** A POST to `serviceaccounts/NAME/token`. */
export interface TokenRequestCall {
  readonly namespace: string;
  /** Of the service account, from the path. */
  readonly name: string;
  readonly body: JsonObject;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A UUID for the token. */
  readonly id: string;
}

const group = 'authentication.k8s.io';
const defaultLifetime = 60 * 60;
const shortestLifetime = 10 * 60;
const longestLifetime = 2 ** 32;

/** Answers a TokenRequest with a token (k8s.io/kubernetes/pkg/registry/core/serviceaccount). */
export function requestToken(
  call: TokenRequestCall,
  tokens: ServiceAccountTokens,
  read: ReadObject,
): Reviewed {
  const { namespace, name, body, now } = call;
  const mismatch = metadataErrors(call);
  if (mismatch.length > 0) return { refusal: invalid({ group, kind: 'TokenRequest' }, name, mismatch) };
  const account = read('v1', 'ServiceAccount', namespace, name);
  if (account === undefined) return { refusal: notFound({ group: '', plural: 'serviceaccounts' }, name) };
  const uid = textAt(account, 'metadata', 'uid');
  const claimed = textAt(body, 'metadata', 'uid');
  if (claimed !== '' && claimed !== uid) {
    const why = `the UID in the token request (${claimed}) does not match the UID of the service account (${uid})`;
    return { refusal: conflict({ group, plural: 'TokenRequest' }, name, why) };
  }
  const lifetime = valueAt(body, 'spec', 'expirationSeconds') ?? defaultLifetime;
  const errors = lifetimeErrors(lifetime);
  if (typeof lifetime !== 'number' || errors.length > 0) {
    return { refusal: invalid({ group, kind: 'TokenRequest' }, '', errors) };
  }
  const bound = bind(call, read);
  if (bound instanceof StatusError) return { refusal: bound };
  const wanted = textsAt(body, 'spec', 'audiences');
  const audiences = wanted.length === 0 ? [tokens.issuer] : wanted;
  const grant = { namespace, serviceAccount: { name, uid }, audiences, lifetime, ...bound };
  return {
    object: {
      kind: 'TokenRequest',
      apiVersion: `${group}/v1`,
      metadata: { name, namespace, uid, creationTimestamp: formatTime(now) },
      spec: { audiences, expirationSeconds: lifetime, boundObjectRef: shownReference(body) },
      status: {
        token: tokens.issue(grant, now, call.id),
        expirationTimestamp: formatTime(now + lifetime * 1000),
      },
    },
  };
}

/** What a token stands or falls with. */
interface Binding {
  readonly pod?: ObjectIdentity;
  readonly node?: ObjectIdentity;
  readonly secret?: ObjectIdentity;
}

function bind(call: TokenRequestCall, read: ReadObject): Binding | StatusError {
  const wanted = objectAt(call.body, 'spec', 'boundObjectRef');
  if (wanted === undefined) return {};
  const kind = textAt(wanted, 'kind');
  const apiVersion = textAt(wanted, 'apiVersion');
  if (apiVersion.includes('/') || (kind !== 'Pod' && kind !== 'Node' && kind !== 'Secret')) {
    return badRequest(`cannot bind token to object of type ${shownKind(apiVersion, kind)}`);
  }
  const name = textAt(wanted, 'name');
  const object = read('v1', kind, kind === 'Node' ? '' : call.namespace, name);
  if (object === undefined) return notFound({ group: '', plural: `${kind.toLowerCase()}s` }, name);
  if (kind === 'Pod' && textAt(object, 'spec', 'serviceAccountName') !== call.name) {
    const account = `cannot bind token for serviceaccount ${goQuote(call.name)}`;
    return badRequest(`${account} to pod running with different serviceaccount name.`);
  }
  const found = { name, uid: textAt(object, 'metadata', 'uid') };
  const uid = textAt(wanted, 'uid');
  if (uid !== '' && uid !== found.uid) {
    const why =
      `the UID in the bound object reference (${uid}) does not match the UID in record.` +
      ' The object might have been deleted and then recreated';
    return conflict({ group: '', plural: kind }, name, why);
  }
  switch (kind) {
    case 'Node':
      return { node: found };
    case 'Secret':
      return { secret: found };
    case 'Pod':
    default: {
      const node = textAt(object, 'spec', 'nodeName');
      if (node === '') return { pod: found };
      return {
        pod: found,
        node: { name: node, uid: textAt(read('v1', 'Node', '', node), 'metadata', 'uid') },
      };
    }
  }
}

function metadataErrors({ body, name, namespace }: TokenRequestCall): FieldError[] {
  const ownName = textAt(body, 'metadata', 'name');
  if (ownName !== '' && ownName !== name) {
    return [invalidValue('metadata.name', ownName, 'must match the service account name if specified')];
  }
  const ownNamespace = textAt(body, 'metadata', 'namespace');
  if (ownNamespace === '' || ownNamespace === namespace) return [];
  const problem = 'must match the service account namespace if specified';
  return [invalidValue('metadata.namespace', ownNamespace, problem)];
}

function lifetimeErrors(lifetime: unknown): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (typeof lifetime !== 'number' || !Number.isInteger(lifetime)) {
    return [invalidUnshown(field, 'must be a whole number of seconds')];
  }
  if (lifetime < shortestLifetime) {
    return [invalidValue(field, lifetime, 'may not specify a duration less than 10 minutes')];
  }
  if (lifetime <= longestLifetime) return [];
  return [invalidValue(field, lifetime, 'may not specify a duration larger than 2^32 seconds')];
}

function shownReference(body: JsonObject): JsonObject | null {
  const wanted = objectAt(body, 'spec', 'boundObjectRef');
  if (wanted === undefined) return null;
  return withoutEmpty({
    kind: textAt(wanted, 'kind'),
    apiVersion: textAt(wanted, 'apiVersion'),
    name: textAt(wanted, 'name'),
    uid: textAt(wanted, 'uid'),
  });
}

/** As Go prints a group, version and kind: `apps/v1, Kind=Deployment`. */
function shownKind(apiVersion: string, kind: string): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}
