import { negotiate, parseAccept } from './accept.ts';
import { AGGREGATED_DISCOVERY_TYPE } from './aggregated-discovery.ts';
import type { ApiDocument, ApiDocuments } from './api-documents.ts';

/** What of a GET request the answer depends on. */
export interface DocumentRequest {
  /** Without query, for example `/openapi/v3/apis/apps/v1`. */
  readonly path: string;
  /** The query's `hash`. */
  readonly hash?: string | undefined;
  readonly accept?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export interface DocumentAnswer {
  readonly status: 200 | 301 | 304 | 404 | 406;
  /** In lower case; `cache-control` only where it differs from the server's usual one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

const JSON_TYPE = 'application/json';
const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The name by which clients ask for it: with an @, which is no part of a media type. */
const PROTOBUF_V2_ASKED = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/**
 * Which form of `/api` or `/apis` an Accept header asks for; undefined: neither is acceptable (406). Only version v2 of the
 * aggregated form is served.
 */
export function discoveryForm(accept: string | undefined): 'aggregated' | 'plain' | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    const isJson = type === JSON_TYPE || type === 'application/*' || type === '*/*';
    if (!parameters.has('as')) {
      if (isJson || type === 'application/yaml') return 'plain';
    } else if (
      isJson &&
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      parameters.get('v') === 'v2' &&
      parameters.get('as') === 'APIGroupDiscoveryList'
    ) {
      return 'aggregated';
    }
  }
  return undefined;
}

/** Answers `/api` (core) or `/apis` in the aggregated form. */
export function answerDiscovery(
  documents: ApiDocuments,
  core: boolean,
  ifNoneMatch: string | undefined,
): DocumentAnswer {
  const headers = { 'cache-control': 'public', vary: 'Accept' };
  return answer(documents.discovery(core), AGGREGATED_DISCOVERY_TYPE, headers, ifNoneMatch);
}

/** Answers all below `/openapi/`; undefined for a path that is no document's. */
export function answerOpenApi(documents: ApiDocuments, request: DocumentRequest): DocumentAnswer | undefined {
  const { path } = request;
  if (path === '/openapi/v2') return answerV2(documents, request);
  if (path === '/openapi/v3' || path === '/openapi/v3/') {
    // Not JSON by its type: so it has always been, and clients read it as JSON all the same.
    return {
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: documents.openApiIndex(),
    };
  }
  return path.startsWith('/openapi/v3/') ? answerV3(documents, request) : undefined;
}

function answerV2(documents: ApiDocuments, { accept, ifNoneMatch }: DocumentRequest): DocumentAnswer {
  const vary = { vary: 'Accept' };
  switch (negotiate(parseAccept(accept), [JSON_TYPE, PROTOBUF_V2, PROTOBUF_V2_ASKED])) {
    case undefined:
      return { status: 406, headers: vary, body: '' };
    case JSON_TYPE:
      return answer(documents.openApiV2(), JSON_TYPE, vary, ifNoneMatch);
    default:
      return answer(documents.openApiV2Protobuf(), PROTOBUF_V2, vary, ifNoneMatch);
  }
}

function answerV3(
  documents: ApiDocuments,
  { path, hash, accept, ifNoneMatch }: DocumentRequest,
): DocumentAnswer {
  const document = documents.openApiV3(path.slice('/openapi/v3/'.length));
  if (document === undefined) return { status: 404, headers: {}, body: '' };
  const vary = { vary: 'Accept' };
  if (negotiate(parseAccept(accept), [JSON_TYPE]) === undefined)
    return { status: 406, headers: vary, body: '' };
  if (hash === undefined || hash === '') return answer(document, JSON_TYPE, vary, ifNoneMatch);
  if (hash === document.hash) {
    return answer(document, JSON_TYPE, { ...vary, 'cache-control': 'public, immutable' }, ifNoneMatch);
  }
  const location = `${path}?hash=${document.hash}`;
  return {
    status: 301,
    headers: { ...vary, 'content-type': JSON_TYPE, etag: `"${document.hash}"`, location },
    body: '',
  };
}

function answer(
  document: ApiDocument,
  type: string,
  more: Readonly<Record<string, string>>,
  ifNoneMatch: string | undefined,
): DocumentAnswer {
  const etag = `"${document.hash}"`;
  const known = ifNoneMatch?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  if (known.includes(etag) || known.includes('*'))
    return { status: 304, headers: { ...more, etag }, body: '' };
  return { status: 200, headers: { ...more, 'content-type': type, etag }, body: document.body };
}
