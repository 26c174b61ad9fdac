import { copyObject, type JsonObject } from '../../schema/index.ts';
import {
  refuseNodeWrite,
  requestToken,
  reviewAccess,
  reviewLocalAccess,
  reviewOwnAccess,
  reviewRules,
  reviewSelf,
  reviewToken,
  type Authenticator,
  type Authorize,
  type RbacPolicy,
  type ReadObject,
  type Reviewed,
  type ServiceAccountTokens,
} from '../access/index.ts';
import { builtInSchema } from '../documents/index.ts';
import { toGoForm } from '../kinds/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { asObject, decodeBody } from './body.ts';
import { trackOwnership } from './field-ownership.ts';
import { apiVersionOf } from './kind-registry.ts';
import { answerJson, isPretty } from './presentation.ts';
import { negotiate } from './negotiation.ts';
import { readWriteOptions } from './request-options.ts';
import { shownText } from './object-metadata.ts';
import type { RequestInfo } from './request-info.ts';
import type { ApiAnswer, ApiRequest } from './request.ts';
import { badRequest, methodNotAllowed } from '../status/index.ts';
import { TypeMismatch } from './type-mismatch.ts';
import { decodeTyped } from './typed-decoding.ts';

/** What answers questions about users and tokens. */
export interface ReviewServices {
  readonly authenticator: Authenticator;
  readonly authorize: Authorize;
  readonly policy: RbacPolicy;
  readonly tokens: ServiceAccountTokens;
  readonly read: ReadObject;
}

interface Review {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
  answer(
    services: ReviewServices,
    object: JsonObject,
    request: ApiRequest,
    info: RequestInfo,
    environment: ApiEnvironment,
  ): Reviewed;
}

const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1', namespaced: false };
const AUTHORIZATION = { group: 'authorization.k8s.io', version: 'v1', namespaced: false };

/** Resources that are asked and never stored, by `group/version/plural[/subresource]`. */
const REVIEWS: Readonly<Record<string, Review>> = {
  'authentication.k8s.io/v1/tokenreviews': {
    ...AUTHENTICATION,
    kind: 'TokenReview',
    answer: ({ authenticator }, object, _request, _info, environment) =>
      reviewToken(object, authenticator, environment.now()),
  },
  'authentication.k8s.io/v1/selfsubjectreviews': {
    ...AUTHENTICATION,
    kind: 'SelfSubjectReview',
    answer: (_services, _object, { user }, _info, environment) => ({
      object: reviewSelf(user, 'v1', environment.now()),
    }),
  },
  'authorization.k8s.io/v1/subjectaccessreviews': {
    ...AUTHORIZATION,
    kind: 'SubjectAccessReview',
    answer: ({ authorize }, object) => reviewAccess(object, authorize),
  },
  'authorization.k8s.io/v1/selfsubjectaccessreviews': {
    ...AUTHORIZATION,
    kind: 'SelfSubjectAccessReview',
    answer: ({ authorize }, object, { user }) => reviewOwnAccess(object, user, authorize),
  },
  'authorization.k8s.io/v1/localsubjectaccessreviews': {
    ...AUTHORIZATION,
    namespaced: true,
    kind: 'LocalSubjectAccessReview',
    answer: ({ authorize }, object, _request, { namespace }) =>
      reviewLocalAccess(object, namespace, authorize),
  },
  'authorization.k8s.io/v1/selfsubjectrulesreviews': {
    ...AUTHORIZATION,
    kind: 'SelfSubjectRulesReview',
    answer: ({ policy }, object, { user }) => reviewRules(object, user, policy),
  },
  '/v1/serviceaccounts/token': {
    ...AUTHENTICATION,
    namespaced: true,
    kind: 'TokenRequest',
    answer: ({ tokens, read }, body, _request, { namespace, name }, environment) =>
      requestToken({ namespace, name, body, now: environment.now(), id: environment.uid() }, tokens, read),
  },
};

/** Answers a request for a resource that is not stored; undefined for any other. @throws StatusError */
export function reviewAnswer(
  services: ReviewServices,
  request: ApiRequest,
  info: RequestInfo,
  environment: ApiEnvironment,
): ApiAnswer | undefined {
  const path = [info.group, info.version, info.resource, info.subresource].filter(
    (part, index) => index < 3 || part !== '',
  );
  const review = REVIEWS[path.join('/')];
  if (review === undefined) return undefined;
  const isItem = info.subresource === '' && info.name !== '';
  if (request.method !== 'POST' || isItem || review.namespaced !== (info.namespace !== ''))
    throw methodNotAllowed();
  const options = readWriteOptions('CreateOptions', request.query, request.headers['user-agent']);
  const object = readReview(review, request);
  const refusal = refuseNodeWrite(
    {
      user: request.user,
      operation: 'create',
      group: info.group,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      object,
    },
    services.read,
  );
  if (refusal !== undefined) throw refusal;
  const schema = builtInSchema(review.group, review.version, review.kind);
  const given = copyObject(object);
  // What Go would not send is nobody's field.
  toGoForm(given, schema);
  const reviewed = review.answer(services, object, request, info, environment);
  if ('refusal' in reviewed) throw reviewed.refusal;
  const answer = reviewed.object;
  if (review.kind !== 'SelfSubjectReview' && review.kind !== 'SelfSubjectRulesReview') {
    trackOwnership(answer, {
      kind: {
        group: review.group,
        version: review.version,
        schema,
        subresources: [],
        custom: false,
      },
      live: undefined,
      given,
      manager: options.fieldManager,
      subresource: info.subresource,
      now: environment.now(),
    });
  }
  return answerJson(201, JSON.stringify(answer), {
    ...negotiate(request.headers['accept']),
    pretty: isPretty(request.query, request.headers['user-agent']),
  });
}

function readReview(review: Review, request: ApiRequest): JsonObject {
  const { value } = decodeBody(request.body, request.headers['content-type'], review.kind);
  const object = asObject(value, review.kind, request.body);
  const apiVersion = apiVersionOf(review);
  const version = object['apiVersion'] ?? apiVersion;
  const kind = object['kind'] ?? review.kind;
  if (version !== apiVersion || kind !== review.kind) {
    throw badRequest(
      `${shownText(kind)} in version ${JSON.stringify(version)} cannot be handled as a ${review.kind}`,
    );
  }
  object['apiVersion'] = apiVersion;
  object['kind'] = review.kind;
  try {
    decodeTyped(object, builtInSchema(review.group, review.version, review.kind), review.kind);
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error;
    throw badRequest(
      `${review.kind} in version ${JSON.stringify(review.version)} cannot be handled as a ${review.kind}: ${error.message}`,
    );
  }
  return object;
}
