/** The parts of a URL that the rules look at. */
export interface GoUrl {
  readonly scheme: string;
  /** What follows `scheme:` when it does not start with a slash. */
  readonly opaque: string;
  /** Without the question mark. */
  readonly query: string;
  readonly host: string;
}

const CONTROL = /[\u0000-\u001f\u007f]/; // oxlint-disable-line no-control-regex
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/**
 * Parses a URL as Go's `net/url` does, which is more lenient than the WHATWG parser in some ways and stricter in
 * others. Undefined when it does not parse.
 */
export function parseGoUrl(text: string): GoUrl | undefined {
  const hash = text.indexOf('#');
  const url = hash === -1 ? text : text.slice(0, hash);
  if (hash !== -1 && BAD_ESCAPE.test(text.slice(hash + 1))) return undefined;
  if (CONTROL.test(url) || url.startsWith(':')) return undefined;

  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1] ?? '';
  const afterScheme = scheme === '' ? url : url.slice(scheme.length + 1);
  const mark = afterScheme.indexOf('?');
  const rest = mark === -1 ? afterScheme : afterScheme.slice(0, mark);
  const parts = {
    scheme: scheme.toLowerCase(),
    query: mark === -1 ? '' : afterScheme.slice(mark + 1),
  };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...parts, opaque: rest, host: '' };
    const [segment = ''] = rest.split('/', 1);
    if (segment.includes(':') || BAD_ESCAPE.test(rest)) return undefined;
    return { ...parts, opaque: '', host: '' };
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return BAD_ESCAPE.test(rest) ? undefined : { ...parts, opaque: '', host: '' };
  }
  const slash = rest.indexOf('/', 2);
  const authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash);
  const path = slash === -1 ? '' : rest.slice(slash);
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const userinfo = at === -1 ? '' : authority.slice(0, at);
  if (!validUserinfo(userinfo) || !validHost(host) || BAD_ESCAPE.test(path)) return undefined;
  return { ...parts, opaque: '', host };
}

function validUserinfo(userinfo: string): boolean {
  return /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo) && !BAD_ESCAPE.test(userinfo);
}

function validHost(host: string): boolean {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close === -1 || !validPort(host.slice(close + 1))) return false;
    const zone = host.slice(0, close).indexOf('%25');
    return zone === -1
      ? validHostText(host)
      : validHostText(host.slice(0, zone)) &&
          validZone(host.slice(zone, close)) &&
          validHostText(host.slice(close));
  }
  const colon = host.lastIndexOf(':');
  return (colon === -1 || validPort(host.slice(colon))) && validHostText(host);
}

function validPort(port: string): boolean {
  return /^(?::[0-9]*)?$/.test(port);
}

/** Percent escapes in a host may only stand for bytes above 0x7f. */
function validHostText(text: string): boolean {
  const unescaped = text.replaceAll(/%(?:25|[89A-Fa-f][0-9A-Fa-f])/g, '');
  return HOST_TEXT.test(unescaped);
}

const HOST_TEXT = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff]*$/;

function validZone(zone: string): boolean {
  if (BAD_ESCAPE.test(zone)) return false;
  const unescaped = zone.replaceAll(/%(?:25|[89A-Fa-f][0-9A-Fa-f])/g, '');
  return HOST_TEXT.test(
    unescaped.replaceAll(/%([0-7][0-9A-Fa-f])/g, (_, hex: string) => {
      const char = String.fromCharCode(Number.parseInt(hex, 16));
      return char === ' ' ? '' : char;
    }),
  );
}

/** The values of one query parameter, in order. Malformed parameters are left out, as Go does. */
export function queryValues(query: string, name: string): readonly string[] {
  const values: string[] = [];
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || BAD_ESCAPE.test(pair)) continue;
    const equals = pair.indexOf('=');
    const key = equals === -1 ? pair : pair.slice(0, equals);
    if (unescapeQuery(key) === name) values.push(equals === -1 ? '' : pair.slice(equals + 1));
  }
  return values;
}

function unescapeQuery(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
