import { OciError } from './oci-error.ts';
import { hostAndPort } from './registry-endpoint.ts';

/** Hops per request. */
const MAX_REDIRECTS = 5;

/** The URLs that one request has been to, the first one included. */
type Trail = readonly [URL, ...URL[]];

/** Tells whether a request with this method follows a response of this status; a body is only sent along where the status says so. */
export function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303);
}

/**
 * Decides where a redirect or an upload `Location` leads.
 * @throws {OciError} code `redirect-loop`, `malformed` or `unsupported` when it must not be followed
 */
export function nextHop(action: string, trail: Trail, location: string | undefined): URL {
  const from = trail.at(-1) ?? trail[0];
  const to = resolveLocation(action, from, location);
  if (trail.some((url) => url.href === to.href)) {
    throw new OciError(
      'redirect-loop',
      `cannot ${action}: ${hostAndPort(from)} redirects in a circle; tell the registry's operator`,
    );
  }
  if (trail.length > MAX_REDIRECTS) {
    throw new OciError(
      'redirect-loop',
      `cannot ${action}: more than ${MAX_REDIRECTS} redirects, the last one by ${hostAndPort(from)}; tell the registry's operator`,
    );
  }
  return to;
}

/**
 * Resolves a `Location` against the URL that answered with it; never leads from HTTPS to plain HTTP, where the answer
 * could be forged.
 * @throws {OciError} code `malformed` or `unsupported`
 */
export function resolveLocation(action: string, from: URL, location: string | undefined): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  if (to === null || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw new OciError(
      'malformed',
      `cannot ${action}: ${hostAndPort(from)} answered without a usable Location; is it a registry?`,
    );
  }
  if (to.username !== '' || to.password !== '') {
    throw new OciError(
      'unsupported',
      `cannot ${action}: ${hostAndPort(from)} leads to a URL with credentials in it`,
    );
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new OciError(
      'unsupported',
      `cannot ${action}: ${hostAndPort(from)} leads from HTTPS to plain HTTP at ${hostAndPort(to)}; set the registry's external URL (http.host, X-Forwarded-Proto)`,
    );
  }
  to.hash = '';
  return to;
}
