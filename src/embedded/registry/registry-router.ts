import { deleteBlob, getBlob } from './blob-endpoints.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { answerJson, type Endpoint, type Exchange } from './exchange.ts';
import { listReferrers, listRepositories, listTags } from './listing-endpoints.ts';
import { deleteManifest, getManifest, putManifest } from './manifest-endpoints.ts';
import { checkRepositoryName } from './repository-name.ts';
import { beginUpload, cancelUpload, finishUpload, getUpload, patchUpload } from './upload-endpoints.ts';

/**
 * Finds the endpoint for a request and runs it (distribution specification 1.1, "Endpoints").
 * @param path the path of the request, still percent-encoded
 * @throws {EmbeddedError} code `UNSUPPORTED` with status 404 or 405, or whatever the endpoint throws
 */
export async function route(exchange: Exchange, path: string): Promise<void> {
  const { method = '' } = exchange.request;
  for (const { pattern, methods } of ROUTES) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const endpoint = methods[method];
    if (endpoint === undefined) {
      throw new EmbeddedError(
        'UNSUPPORTED',
        `cannot ${method.slice(0, 20)} this: the registry has no such operation`,
        {
          status: 405,
          headers: { Allow: Object.keys(methods).join(', ') },
        },
      );
    }
    const { name, reference = '' } = match.groups ?? {};
    return endpoint(exchange, name === undefined ? '' : checkRepositoryName(name), decode(reference));
  }
  throw new EmbeddedError('UNSUPPORTED', 'cannot serve this path: the registry has nothing there');
}

interface Route {
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Endpoint>>;
}

/** Names contain slashes; the first pattern that fits decides, and each takes the longest name that it can. */
const ROUTES: readonly Route[] = [
  { pattern: /^\/v2\/?$/u, methods: { GET: ping, HEAD: ping } },
  { pattern: /^\/v2\/_catalog$/u, methods: { GET: listRepositories } },
  { pattern: /^\/v2\/(?<name>.+)\/tags\/list$/u, methods: { GET: listTags } },
  { pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/u, methods: { POST: beginUpload } },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<reference>[^/]+)$/u,
    methods: { GET: getUpload, PATCH: patchUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<reference>[^/]+)$/u,
    methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/u,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<reference>[^/]+)$/u, methods: { GET: listReferrers } },
];

async function ping(exchange: Exchange): Promise<void> {
  answerJson(exchange, {});
}

function decode(reference: string): string {
  try {
    return decodeURIComponent(reference);
  } catch {
    return reference;
  }
}
