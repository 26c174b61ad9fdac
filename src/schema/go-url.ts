/** A URL in the parts into which Go's net/url takes it. */
export interface GoUrl {
  readonly scheme: string;
  /** Host and port as written, brackets of an IPv6 address included. */
  readonly host: string;
  readonly path: string;
  /** As written, without `?`. */
  readonly query: string;
  readonly text: string;
}

/** Why a text is no URL, in the words of Go's net/url. */
export class UrlError extends Error {
  override readonly name = 'UrlError';
}

const SUB_DELIMITERS_AND_MORE = /^[A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"%]*$/;

/**
 * Reads an absolute URL, or an absolute path, as Go's url.ParseRequestURI does.
 *
 * @throws UrlError
 */
export function parseRequestUri(text: string): GoUrl {
  const fail = (reason: string): never => {
    throw new UrlError(`parse ${JSON.stringify(text)}: ${reason}`);
  };
  if (/\p{Cc}/u.test(text.replaceAll(/[\u0080-\u009f]/g, '')))
    fail('net/url: invalid control character in URL');
  if (text === '') fail('empty url');
  if (text === '*') return { scheme: '', host: '', path: '*', query: '', text };
  const { scheme, rest } = splitScheme(text, fail);
  const [beforeQuery, query] = splitAt(rest, '?');
  if (!beforeQuery.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', path: '', query, text };
    return fail('invalid URI for request');
  }
  let host = '';
  let path = beforeQuery;
  if (scheme !== '' && path.startsWith('//')) {
    const slash = path.indexOf('/', 2);
    const authority = slash < 0 ? path.slice(2) : path.slice(2, slash);
    path = slash < 0 ? '' : path.slice(slash);
    host = parseAuthority(authority, fail);
  }
  return { scheme, host, path: unescape(path, fail), query, text };
}

/** The host without port and brackets. */
export function hostnameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.lastIndexOf(']'));
  const colon = host.lastIndexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

/** The port as written, without its colon; empty for none. */
export function portOf(host: string): string {
  const bracket = host.lastIndexOf(']');
  const colon = host.indexOf(':', bracket + 1);
  return colon < 0 ? '' : host.slice(colon + 1);
}

function splitScheme(text: string, fail: (reason: string) => never): { scheme: string; rest: string } {
  if (text.startsWith(':')) fail('missing protocol scheme');
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  if (match === null) return { scheme: '', rest: text };
  return { scheme: (match[1] ?? '').toLowerCase(), rest: text.slice(match[0].length) };
}

function parseAuthority(authority: string, fail: (reason: string) => never): string {
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at)))
    fail('net/url: invalid userinfo');
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close < 0) fail("missing ']' in host");
    checkPort(host.slice(close + 1), fail);
    return host;
  }
  const colon = host.lastIndexOf(':');
  if (colon >= 0) checkPort(host.slice(colon), fail);
  const bad = Array.from(host).find(
    (char) => (char.codePointAt(0) ?? 0) < 0x80 && !SUB_DELIMITERS_AND_MORE.test(char),
  );
  if (bad !== undefined) fail(`invalid character ${JSON.stringify(bad)} in host name`);
  return unescape(host, fail);
}

function checkPort(port: string, fail: (reason: string) => never): void {
  if (!/^(:[0-9]*)?$/.test(port)) fail(`invalid port ${JSON.stringify(port)} after host`);
}

function unescape(text: string, fail: (reason: string) => never): string {
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text);
  if (bad !== null) fail(`invalid URL escape ${JSON.stringify(bad[0])}`);
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function splitAt(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
