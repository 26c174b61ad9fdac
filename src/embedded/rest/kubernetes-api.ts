import { textAt, type JsonObject } from '../../schema/index.ts';
import {
  forbiddenRequest,
  impersonate,
  pathAttributes,
  refuseEscalation,
  refuseNodeWrite,
  requestHeaders,
  resourceAttributes,
  type AdmittedWrite,
  type FieldRequirement,
  type RbacResource,
  type RequestAttributes,
  type RequestHeaders,
  type User,
} from '../access/index.ts';
import { virtualKinds, type Kind } from '../kinds/index.ts';
import { StoreError } from '../store/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { handlerFor, isInScope } from './dispatch.ts';
import { goPackageOf } from './kind-registry.ts';
import { readFieldTerms } from './field-requirements.ts';
import { negotiate, type AnswerType } from './negotiation.ts';
import { answerJson, isPretty, readIncludeObject, type Presentation } from './presentation.ts';
import { readRequestInfo, type RequestInfo } from './request-info.ts';
import { isTrue, readTimeout } from './request-options.ts';
import { joinedHeaders, type ApiAnswer, type ApiCall, type ApiRequest } from './request.ts';
import type { ResourceRequest } from './resource-request.ts';
import { reviewAnswer, type ReviewServices } from './review-requests.ts';
import { ServerPaths, type ServerFacts } from './server-paths.ts';
import { StatusError, internalError, noSuchResource } from '../status/index.ts';
import type { Watch } from './watch.ts';

/** What {@link KubernetesApi} is made of. */
export interface KubernetesApiOptions {
  readonly environment: ApiEnvironment;
  readonly services: ReviewServices;
  readonly facts: ServerFacts;
  /** Told of defects: requests that were answered with 500 and should not have been. */
  readonly report?: (message: string) => void;
}

/** The API: from a request to its answer. Everything between is synchronous; only the disk is waited for. */
export class KubernetesApi {
  readonly #options: KubernetesApiOptions;
  readonly #environment: ApiEnvironment;
  readonly #paths: ServerPaths;

  constructor(options: KubernetesApiOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.#paths = new ServerPaths(options.environment, options.facts);
  }

  /** Answers a request; a watch goes on after it. Whatever goes wrong is an answer too: never rejects. */
  async handle(call: ApiCall): Promise<ApiAnswer | Watch> {
    const headers = requestHeaders(call.rawHeaders);
    const joined = joinedHeaders(headers);
    try {
      return await this.#answer(call, headers, joined);
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof StoreError)) this.#report(call, error);
      return statusAnswer(failure(error), joined, split(call.target).query);
    }
  }

  #report({ method, target }: ApiCall, error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // A query may hold what nobody should read in a log.
    this.#options.report?.(`${method} ${split(target).path.slice(0, 300)} met a defect: ${why}`);
  }

  async #answer(
    call: ApiCall,
    headers: RequestHeaders,
    joined: Readonly<Record<string, string | undefined>>,
  ): Promise<ApiAnswer | Watch> {
    const { path, query } = split(call.target);
    const info = readRequestInfo(call.method, path, isTrue(query.get('watch')));
    const user = this.#userOf(call, headers, info, query);
    const request: ApiRequest = { method: call.method, path, query, headers: joined, body: call.body, user };
    this.#authorize(attributesOf(user, info, query));
    if (call.isCrowded === true && info.verb === 'list') throw crowded();
    if (info.verb !== 'watch') readTimeout(query);
    if (!info.isResource) return this.#paths.answer(request);
    return this.#resource(request, info);
  }

  #userOf(call: ApiCall, headers: RequestHeaders, info: RequestInfo, query: URLSearchParams): User {
    const { authenticator, authorize } = this.#options.services;
    const credentials = {
      headers,
      ...(call.certificate === undefined ? {} : { certificate: call.certificate }),
    };
    const identity = authenticator.authenticate(credentials, this.#environment.now());
    if ('refusal' in identity) throw identity.refusal;
    const acting = impersonate(headers, attributesOf(identity.user, info, query), authorize);
    if ('refusal' in acting) throw acting.refusal;
    return acting.user;
  }

  #authorize(attributes: RequestAttributes): void {
    const decision = this.#options.services.authorize(attributes);
    if (!decision.allowed) throw forbiddenRequest(attributes, decision.reason);
  }

  async #resource(request: ApiRequest, info: RequestInfo): Promise<ApiAnswer | Watch> {
    const { kinds, store } = this.#environment;
    const review = reviewAnswer(this.#options.services, request, info, this.#environment);
    if (review !== undefined) return review;
    const kind = kinds.find(info.group, info.version, info.resource);
    if (kind === undefined) {
      const isKnown = kinds.hasGroup(info.group) || virtualKinds.some(({ group }) => group === info.group);
      if (isKnown && !isCustomGroup(kinds.all, info.group)) throw noSuchResource();
      return this.#paths.pageNotFound();
    }
    if (!isInScope(kind, info)) {
      if (kind.custom) return this.#paths.pageNotFound();
      throw noSuchResource();
    }
    const presentation: Presentation = {
      ...negotiate(request.headers['accept'], answerType(kind, request, info)),
      includeObject: readIncludeObject(request.query),
      pretty: isPretty(request.query, request.headers['user-agent']),
      now: this.#environment.now(),
    };
    const warnings = kind.deprecation === undefined ? [] : [kind.deprecation];
    const context: ResourceRequest = {
      environment: this.#environment,
      request,
      info,
      kind,
      user: request.user,
      presentation,
      warnings,
      admit: (object, old) => this.#admit(request, info, object, old),
    };
    const run = handlerFor(context);
    try {
      if (request.method !== 'GET') return await store.transact(() => run(context));
      const answer = run(context);
      await store.settled();
      return answer;
    } catch (error) {
      if (error instanceof StatusError) error.warnings = warnings;
      throw error;
    }
  }

  /** What roles alone do not decide: nodes keep to their own objects, nobody grants what they do not have. */
  #admit(request: ApiRequest, info: RequestInfo, object: JsonObject, old: JsonObject | undefined): void {
    const isCreate = old === undefined || request.method === 'POST';
    const operation = request.method === 'DELETE' ? 'delete' : isCreate ? 'create' : 'update';
    if (old === undefined && request.method !== 'POST') this.#authorizeCreate(request, info);
    const write = {
      user: request.user,
      operation,
      group: info.group,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: nameIn(object, info),
      ...(operation === 'delete' ? {} : { object }),
      ...(old === undefined ? {} : { old }),
    } as const;
    const refusal = refuseNodeWrite(write, this.#options.services.read) ?? this.#refuseGrant(write, object);
    if (refusal !== undefined) throw refusal;
  }

  /** A PUT or an apply that creates needs the right to create. */
  #authorizeCreate(request: ApiRequest, info: RequestInfo): void {
    this.#authorize({ ...attributesOf(request.user, info, request.query), verb: 'create' });
  }

  #refuseGrant(write: AdmittedWrite, object: JsonObject): StatusError | undefined {
    const resource = RBAC_RESOURCES.find((name) => name === write.resource);
    if (write.group !== 'rbac.authorization.k8s.io' || resource === undefined || write.operation === 'delete')
      return undefined;
    const { user, namespace, old } = write;
    const grant = { user, resource, namespace, object, ...(old === undefined ? {} : { old }) };
    return refuseEscalation(grant, this.#options.services.policy, this.#options.services.authorize);
  }
}

const RBAC_RESOURCES: readonly RbacResource[] = [
  'clusterroles',
  'roles',
  'clusterrolebindings',
  'rolebindings',
];

/** A path with its query. */
function split(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const at = target.indexOf('?');
  return at < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) };
}

function attributesOf(user: User, info: RequestInfo, query: URLSearchParams): RequestAttributes {
  if (!info.isResource) return pathAttributes(user, info.verb, info.path);
  return resourceAttributes({
    user,
    verb: info.verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    fieldRequirements: demandedFields(query.get('fieldSelector')),
  });
}

/** What a selector demands; nothing, where it cannot be read: whoever is allowed all the same is told so later. */
function demandedFields(selector: string | null): FieldRequirement[] {
  try {
    return readFieldTerms(selector).filter(({ equal }) => equal);
  } catch {
    return [];
  }
}

function nameIn(object: JsonObject, info: RequestInfo): string {
  return info.name || textAt(object, 'metadata', 'name');
}

/** The Go type of what is answered, and whether that is a list; each event of a watch has one object. */
function answerType(kind: Kind, { method }: ApiRequest, info: RequestInfo): AnswerType {
  const isCollection = info.name === '' && info.verb !== 'watch';
  const isList = isCollection && (method === 'GET' || method === 'DELETE');
  if (kind.custom) return { isList, goType: `*unstructured.Unstructured${isList ? 'List' : ''}` };
  return { isList, goType: `*${goPackageOf(kind)}.${isList ? kind.listKind : kind.kind}` };
}

function isCustomGroup(kinds: readonly Kind[], group: string): boolean {
  return kinds.some((kind) => kind.group === group && kind.custom);
}

function crowded(): StatusError {
  return new StatusError(429, 'TooManyRequests', 'too many large answers are being sent: try again', {
    retryAfterSeconds: 1,
  });
}

/** What a broken store, or a defect of ours, means to a client: that it was not its fault. */
function failure(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof StoreError) return internalError(error.message);
  return internalError('the request met a defect of the server, which has been reported');
}

/** A Status as an answer. */
export function statusAnswer(
  error: StatusError,
  headers: Readonly<Record<string, string | undefined>>,
  query = new URLSearchParams(),
): ApiAnswer {
  const pretty = isPretty(query, headers['user-agent']);
  const text = JSON.stringify(error.toStatus());
  const answer = answerJson(error.code, text, { encoding: 'json', pretty }, error.warnings);
  const retry = error.details?.retryAfterSeconds;
  return retry === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, 'retry-after': String(retry) } };
}
