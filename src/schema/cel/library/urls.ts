import { hostnameOf, parseRequestUri, portOf, UrlError } from '../../go-url.ts';
import type { GoUrl } from '../../go-url.ts';
import type { Budget } from '../budget.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { OPAQUE_TYPES, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { ArrayList, EntryMap, Opaque } from '../values.ts';
import type { CelValue } from '../values.ts';
import { asText } from './operators.ts';

const TYPE = OPAQUE_TYPES.get('url') ?? '';

/** Kubernetes' URL library. */
export const URLS: readonly Overload[] = [
  overload('url(string): url', ([text], budget) => {
    const url = read(text, budget);
    if (url instanceof UrlError)
      throw new CelError(`URL parse error during conversion from string: ${url.message}`);
    return new Opaque<GoUrl>(TYPE, url, (other) => other.text === url.text);
  }),
  overload('isURL(string): bool', ([text], budget) => !(read(text, budget) instanceof UrlError)),
  overload('url.getScheme(): string', ([url]) => urlOf(url).scheme),
  overload('url.getHost(): string', ([url]) => urlOf(url).host),
  overload('url.getHostname(): string', ([url]) => hostnameOf(urlOf(url).host)),
  overload('url.getPort(): string', ([url]) => portOf(urlOf(url).host)),
  overload('url.getEscapedPath(): string', ([url]) => escapePath(urlOf(url).path)),
  overload('url.getQuery(): map(string, list(string))', ([url]) => query(urlOf(url).query)),
];

function read(text: CelValue | undefined, budget: Budget): GoUrl | UrlError {
  budget.spendOnText(asText(text).length);
  try {
    const url = parseRequestUri(asText(text));
    // A request's address has no fragment; what looks like one is none of the path or the query.
    return url.text.includes('#') ? parseRequestUri(url.text.slice(0, url.text.indexOf('#'))) : url;
  } catch (error) {
    if (error instanceof UrlError) return error;
    throw error;
  }
}

function urlOf(value: CelValue | undefined): GoUrl {
  if (value instanceof Opaque && value.typeName === TYPE) return value.content as GoUrl;
  throw noSuchOverload();
}

function escapePath(path: string): string {
  return path.replaceAll(/[^A-Za-z0-9\-._~$&+,/:;=@!'()*]+/g, (part) =>
    encodeURIComponent(part.toWellFormed()),
  );
}

function query(text: string): EntryMap {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  const map = new EntryMap();
  for (const [name, list] of values) map.insert(name, new ArrayList(list));
  return map;
}
