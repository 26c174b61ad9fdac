/** What a request is about, read from its path and method alone (k8s.io/apiserver RequestInfo). */
export interface RequestInfo {
  /** False for discovery, health and the like: only `path` and `verb` (the method in lower case) count then. */
  readonly isResource: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Path segments after the subresource (`proxy/a/b`). */
  readonly rest: readonly string[];
}

const VERBS: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
  ['GET', 'get'],
  ['HEAD', 'get'],
]);

/** Subresources of a namespace: `/namespaces/X/status` is no collection called `status`. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/**
 * Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`. Anything else, and what names no resource, is a non-resource request.
 *
 * @param watches whether the query asks for a watch
 */
export function readRequestInfo(method: string, path: string, watches: boolean): RequestInfo {
  const plain: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    rest: [],
  };
  if (path.includes('//')) return plain;
  const segments = decodeSegments(path);
  if (segments === undefined) return plain;
  const located = locate(segments);
  if (located === undefined) return plain;
  let { parts } = located;
  let verb = VERBS.get(method) ?? '';
  // The old /watch/ prefix (kubernetes-api §12).
  const isOldWatch = parts[0] === 'watch' && parts.length > 1;
  if (isOldWatch) parts = parts.slice(1);
  let namespace = '';
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1];
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] ?? '')) parts = parts.slice(2);
  }
  const [resource = '', name = '', subresource = '', ...rest] = parts;
  if (resource === '') return plain;
  if (isOldWatch) verb = 'watch';
  else if (name === '' && verb === 'get') verb = watches ? 'watch' : 'list';
  else if (name === '' && verb === 'delete') verb = 'deletecollection';
  return {
    isResource: true,
    path,
    verb,
    group: located.group,
    version: located.version,
    resource,
    subresource,
    namespace,
    name,
    rest,
  };
}

interface Location {
  readonly group: string;
  readonly version: string;
  readonly parts: readonly string[];
}

function locate(segments: readonly string[]): Location | undefined {
  if (segments[0] === 'api' && segments.length > 2) {
    return { group: '', version: segments[1] ?? '', parts: segments.slice(2) };
  }
  if (segments[0] === 'apis' && segments.length > 3) {
    return { group: segments[1] ?? '', version: segments[2] ?? '', parts: segments.slice(3) };
  }
  return undefined;
}

/** The path's segments; undefined where its escapes are broken. A trailing slash does not matter. */
function decodeSegments(path: string): readonly string[] | undefined {
  const raw = path.replace(/^\//, '').replace(/\/$/, '').split('/');
  try {
    return raw.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
  } catch {
    return undefined;
  }
}
