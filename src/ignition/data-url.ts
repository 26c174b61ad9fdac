/** A data URL that parsed: where its data starts, and how it is encoded. */
export interface DataUrl {
  readonly ok: true;
  readonly base64: boolean;
  readonly dataStart: number;
}

/** Why a data URL does not parse, in the words of the real tool. */
export interface DataUrlProblem {
  readonly ok: false;
  readonly message: string;
}

const PREFIX = 'data:';
/** The characters RFC 2397 calls tokens, as the real tool reads them. */
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]$/;

/**
 * Reads the header of a data URL (RFC 2397): `data:[<type>/<subtype>][;name=value]*[;base64],`. The media type is
 * checked and ignored (host-contract §8.5). The data is not looked at.
 */
export function readDataUrl(url: string): DataUrl | DataUrlProblem {
  if (!url.startsWith(PREFIX)) return problem('missing data prefix');
  const first = url[PREFIX.length];
  if (first === undefined) return problem('missing comma before data');
  if (first === ',') return { ok: true, base64: false, dataStart: PREFIX.length + 1 };
  if (first === ';') return readParameters(url, PREFIX.length);
  if (!isToken(first)) return problem('invalid character after data prefix');
  return readMediaType(url);
}

function readMediaType(url: string): DataUrl | DataUrlProblem {
  // `x-` types may hold anything; the characters before it decide which scan reads on.
  const extension = /^[xX]-/.test(url.slice(PREFIX.length, PREFIX.length + 2));
  const invalid = 'invalid character for media type';
  const typeStart = PREFIX.length + (extension || !/^[xX]/.test(url.slice(PREFIX.length)) ? 1 : 2);
  let at = typeStart;
  while (isToken(url[at])) at++;
  if (at >= url.length) return problem('missing media type slash');
  if (url[at] !== '/') return problem(invalid);
  const type = url.slice(PREFIX.length, at);
  if (!extension && !/^(?:text|image|audio|video|application|message|multipart)/.test(type))
    return problem('invalid media type');
  at++;
  while (isToken(url[at])) at++;
  if (at >= url.length) return problem('incomplete media type');
  if (url[at] === ',') return { ok: true, base64: false, dataStart: at + 1 };
  if (url[at] === ';') return readParameters(url, at);
  return problem('invalid character for media subtype');
}

/** Reads `;name=value` and `;base64` from the semicolon at `start` to the comma. */
function readParameters(url: string, start: number): DataUrl | DataUrlProblem {
  let at = start;
  for (;;) {
    const nameStart = at + 1;
    at = nameStart;
    while (isToken(url[at])) at++;
    const stop = url[at];
    if (at >= url.length || (at === nameStart && (stop === '=' || stop === ',')))
      return problem('unterminated parameter sequence');
    if (stop === ',') {
      const name = url.slice(nameStart, at);
      return name === 'base64'
        ? { ok: true, base64: true, dataStart: at + 1 }
        : problem(`expected base64, got ${name}`);
    }
    if (stop !== '=') return problem('invalid character for parameter attribute');
    const value = readValue(url, at + 1);
    if (typeof value === 'string') return problem(value);
    at = value.end;
    if (url[at] === ',') return { ok: true, base64: false, dataStart: at + 1 };
    if (at >= url.length) return problem('missing comma before data');
    if (url[at] !== ';') return problem('expected semicolon or comma');
  }
}

/** The end of a parameter value, or what is wrong with it. */
function readValue(url: string, start: number): { readonly end: number } | string {
  if (url[start] === '"') return readQuotedValue(url, start + 1);
  let at = start;
  while (isToken(url[at])) at++;
  if (at >= url.length) return 'missing comma before data';
  if (at === start || (url[at] !== ';' && url[at] !== ',')) return 'invalid character for parameter value';
  return escapeProblem(url.slice(start, at)) ?? { end: at };
}

/** What Go accepts between double quotes in a URL, where no control character may stand. */
const UNQUOTABLE =
  // oxlint-disable-next-line no-control-regex
  /^(?:[^\\\u0000-\u001f\u007f]|\\(?:[abfnrtv\\"]|x[\dA-Fa-f]{2}|[0-7]{3}|u[\dA-Fa-f]{4}|U[\dA-Fa-f]{8}))*$/;

function readQuotedValue(url: string, start: number): { readonly end: number } | string {
  for (let at = start; at < url.length; at++) {
    const char = url[at] ?? '';
    if (char === '"') {
      return UNQUOTABLE.test(url.slice(start, at)) ? { end: at + 1 } : 'invalid syntax';
    }
    if (char > '\u007f') return 'invalid character for parameter value';
    if (char === '\\') {
      at++;
      if (at >= url.length) break;
      if ((url[at] ?? '') > '\u007f') return 'invalid escaped character';
    }
  }
  return 'unclosed quoted string';
}

/** What is wrong with a data URL, if anything: header, character set and encoding of the data. */
export function dataUrlProblem(url: string): string | undefined {
  const header = readDataUrl(url);
  if (!header.ok) return header.message;
  const data = url.slice(header.dataStart);
  if (header.base64) return base64Problem(data);
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0020<>#"{}|\\^[\]`\u007f-\uffff]/.test(data)) return 'invalid data character';
  return escapeProblem(data);
}

/** The bytes of the data of a URL that {@link dataUrlProblem} finds nothing wrong with. */
export function dataUrlBytes(url: string, { base64, dataStart }: DataUrl): Uint8Array {
  const data = url.slice(dataStart);
  if (base64) return Buffer.from(data, 'base64');
  if (!data.includes('%')) return Buffer.from(data, 'latin1');
  return Buffer.from(
    data.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

function escapeProblem(text: string): string | undefined {
  let at = text.indexOf('%');
  while (at !== -1) {
    for (const hex of [text[at + 1], text[at + 2]]) {
      if (hex === undefined) return 'rfc2396: unexpected end of unescape sequence';
      // The real tool names the percent sign here, not the character.
      if (!/[0-9A-Fa-f]/.test(hex)) return 'rfc2396: invalid char 0x25 in unescape sequence';
    }
    at = text.indexOf('%', at + 3);
  }
  return undefined;
}

function base64Problem(data: string): string | undefined {
  // Decoding natively is the cheapest check: it skips what is not base64, so the result falls short. Only the URL-safe
  // alphabet passes as well.
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  const exact = (data.length / 4) * 3 - padding;
  if (
    data.length % 4 === 0 &&
    Buffer.from(data, 'base64').length === exact &&
    !data.includes('-') &&
    !data.includes('_')
  )
    return undefined;
  if (/[^A-Za-z0-9+/=]/.test(data)) return 'invalid data character';
  const at = corruptByte(data);
  return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
}

/** Where Go's decoder stumbles over text that holds only characters of the alphabet. */
function corruptByte(data: string): number | undefined {
  const equals = data.indexOf('=');
  if (equals === -1) return data.length % 4 === 0 ? undefined : data.length - (data.length % 4);
  switch (equals % 4) {
    case 2:
      if (equals + 1 === data.length) return data.length;
      if (data[equals + 1] !== '=') return equals;
      return equals + 2 < data.length ? equals + 2 : undefined;
    case 3:
      return equals + 1 < data.length ? equals + 1 : undefined;
    default:
      return equals;
  }
}

function isToken(char: string | undefined): boolean {
  return char !== undefined && TOKEN.test(char);
}

function problem(message: string): DataUrlProblem {
  return { ok: false, message };
}
