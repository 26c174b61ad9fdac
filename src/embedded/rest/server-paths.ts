import {
  ApiDocuments,
  answerDiscovery,
  answerOpenApi,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  discoveryForm,
  type DocumentAnswer,
  type DocumentedKind,
} from '../documents/index.ts';
import { virtualKinds } from '../kinds/index.ts';
import type { Json } from '../../schema/index.ts';
import type { Store } from '../store/index.ts';
import type { KindRegistry } from './kind-registry.ts';
import { negotiate } from './negotiation.ts';
import { answerJson, isPretty } from './presentation.ts';
import type { ApiAnswer, ApiRequest } from './request.ts';
import { methodNotAllowed, noSuchResource } from '../status/index.ts';

/** What the server says about itself. */
export interface ServerFacts {
  /** `host:port`. */
  readonly address: string;
  /** The members of `/version`. */
  readonly version: Readonly<Record<string, string>>;
  /** `/.well-known/openid-configuration` and `/openid/v1/jwks`. */
  readonly issuer: { readonly configuration: Json; readonly keys: Json };
  /** The text of `/metrics`. */
  readonly metrics: () => string;
}

/** Answers requests outside the resources: discovery, OpenAPI, health, version (kubernetes-api §1, §2). */
export class ServerPaths {
  readonly #kinds: KindRegistry;
  readonly #store: Pick<Store, 'isBroken'>;
  readonly #facts: ServerFacts;
  #documents: { readonly generation: number; readonly made: ApiDocuments } | undefined;

  constructor(
    { kinds, store }: { readonly kinds: KindRegistry; readonly store: Pick<Store, 'isBroken'> },
    facts: ServerFacts,
  ) {
    this.#kinds = kinds;
    this.#store = store;
    this.#facts = facts;
  }

  /** @throws StatusError */
  answer(request: ApiRequest): ApiAnswer {
    const { method, path } = request;
    if (path.includes('//')) return this.pageNotFound();
    const plain = path.length > 1 ? path.replace(/\/$/, '') : path;
    const found = this.#find(request, plain);
    if (found === undefined) return this.pageNotFound();
    if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
    return found();
  }

  /** What a path that nothing serves is answered with. */
  pageNotFound(): ApiAnswer {
    return text(404, '404 page not found\n');
  }

  #find(request: ApiRequest, path: string): (() => ApiAnswer) | undefined {
    switch (path) {
      case '/':
        return () => json(request, { paths: this.#allPaths() });
      case '/api':
      case '/apis':
        return () => this.#discovery(request, path === '/api');
      case '/version':
        return () => json(request, { ...this.#facts.version });
      case '/healthz':
      case '/livez':
      case '/readyz':
        return () => health(request, path, this.#store.isBroken);
      case '/metrics':
        return () => text(200, this.#facts.metrics(), METRICS_TYPE);
      case '/.well-known/openid-configuration':
        return () => issuerDocument('application/json', this.#facts.issuer.configuration);
      case '/openid/v1/jwks':
        return () => issuerDocument('application/jwk-set+json', this.#facts.issuer.keys);
    }
    if (path.startsWith('/openapi/')) return this.#openApi(request, path);
    const [root, group = '', version = '', ...rest] = path.slice(1).split('/');
    if (rest.length > 0) return undefined;
    if (root === 'api' && version === '') return this.#resources(request, '', group);
    if (root !== 'apis' || !this.#documented().some((kind) => kind.group === group)) return undefined;
    if (version !== '') return this.#resources(request, group, version);
    return () => json(request, apiGroup(this.#documented(), group) ?? null);
  }

  #discovery(request: ApiRequest, core: boolean): ApiAnswer {
    const form = discoveryForm(request.headers['accept']);
    if (form === undefined) negotiate(request.headers['accept']);
    if (form === 'aggregated') {
      return documentAnswer(answerDiscovery(this.#current(), core, request.headers['if-none-match']));
    }
    return json(request, core ? apiVersions(this.#facts.address) : apiGroupList(this.#documented()));
  }

  #resources(request: ApiRequest, group: string, version: string): () => ApiAnswer {
    const list = apiResourceList(this.#documented(), group, version);
    if (list === undefined) {
      return () => {
        throw noSuchResource();
      };
    }
    return () => json(request, list);
  }

  #openApi(request: ApiRequest, path: string): (() => ApiAnswer) | undefined {
    const answer = answerOpenApi(this.#current(), {
      path,
      hash: request.query.get('hash') ?? undefined,
      accept: request.headers['accept'],
      ifNoneMatch: request.headers['if-none-match'],
    });
    return answer === undefined ? undefined : () => documentAnswer(answer);
  }

  #current(): ApiDocuments {
    const { generation } = this.#kinds;
    if (this.#documents?.generation !== generation) {
      const version = this.#facts.version['gitVersion'] ?? '';
      this.#documents = {
        generation,
        made: new ApiDocuments(this.#documented(), version, this.#documents?.made),
      };
    }
    return this.#documents.made;
  }

  /** What is stored, and what is only asked: reviews. (A pod is bound through the pod; there are no bindings.) */
  #documented(): DocumentedKind[] {
    return [...this.#kinds.all, ...virtualKinds.filter(({ group }) => group !== '')];
  }

  #allPaths(): string[] {
    const documented = this.#documented();
    const groups = new Set(
      documented.map(({ group, version }) =>
        group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
      ),
    );
    const names = new Set(documented.flatMap(({ group }) => (group === '' ? [] : [`/apis/${group}`])));
    return [
      '/.well-known/openid-configuration',
      '/api',
      '/apis',
      ...groups,
      ...names,
      '/healthz',
      '/livez',
      '/metrics',
      '/openapi/v2',
      '/openapi/v3',
      '/openid/v1/jwks',
      '/readyz',
      '/version',
    ].sort();
  }
}

function json(request: ApiRequest, value: Json): ApiAnswer {
  const { encoding } = negotiate(request.headers['accept']);
  return answerJson(200, JSON.stringify(value), {
    encoding,
    pretty: isPretty(request.query, request.headers['user-agent']),
  });
}

/** What the issuer of tokens says of itself may be kept for an hour. */
function issuerDocument(type: string, value: Json): ApiAnswer {
  const headers = { 'content-type': type, 'cache-control': 'public, max-age=3600' };
  return { status: 200, headers, warnings: [], body: JSON.stringify(value) };
}

/** The text format of Prometheus. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

function text(status: number, body: string, type = 'text/plain; charset=utf-8'): ApiAnswer {
  return {
    status,
    headers: { 'content-type': type, 'x-content-type-options': 'nosniff' },
    warnings: [],
    body,
  };
}

/** Whoever may ask is not told why: a broken store has told each writer, and a restart is what helps. */
function health({ query }: ApiRequest, path: string, isBroken: boolean): ApiAnswer {
  if (isBroken)
    return text(500, `[+]ping ok\n[-]store failed: reason withheld\n${path.slice(1)} check failed\n`);
  const isVerbose = query.get('verbose') !== null;
  return text(200, isVerbose ? `[+]ping ok\n[+]store ok\n${path.slice(1)} check passed\n` : 'ok');
}

function documentAnswer({ status, headers, body }: DocumentAnswer): ApiAnswer {
  if (status === 404) return { status, headers: {}, warnings: [], body: '' };
  return { status, headers, warnings: [], body };
}
