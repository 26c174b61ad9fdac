import { isIP } from 'node:net';
import { parseDurationFormat } from './go-duration.ts';
import { parseRequestUri } from './go-url.ts';
import { parseCidr } from './ip.ts';
import { dns1123LabelProblems, dns1123SubdomainProblems } from './names.ts';
import { isQuantity } from './quantity.ts';
import type { Schema } from './schema.ts';

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const TIME = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$/;

/**
 * The formats of strings that kube-apiserver 1.36 checks (apiextensions' supportedVersionedFormats), by their names
 * without hyphens; each as kube-openapi's strfmt checks it. All others are ignored.
 */
const STRING_FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', (text) => /^[0-9a-f]{24}$/i.test(text)],
  ['uri', isUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', (text) => isAddress(text) && text.includes('.')],
  ['ipv6', (text) => isAddress(text) && text.includes(':')],
  ['cidr', (text) => parseCidr(text) !== undefined],
  ['mac', isMac],
  ['uuid', (text) => UUID.test(text)],
  ['uuid3', (text) => UUID.test(text) && uuidDigits(text)[12] === '3'],
  ['uuid4', (text) => UUID.test(text) && /^.{12}4.{3}[89ab]/i.test(uuidDigits(text))],
  ['uuid5', (text) => UUID.test(text) && /^.{12}5.{3}[89ab]/i.test(uuidDigits(text))],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', (text) => /^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$/.test(text)],
  ['hexcolor', (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ['rgbcolor', isRgbColor],
  ['byte', isBase64],
  ['password', () => true],
  ['date', isDate],
  ['duration', (text) => parseDurationFormat(text) !== undefined],
  ['datetime', isDateTime],
  ['quantity', isQuantity],
  ['k8sshortname', (text) => dns1123LabelProblems(text).length === 0],
  ['k8slongname', (text) => dns1123SubdomainProblems(text).length === 0],
]);

/** The format of a schema, if Kubernetes knows it for the schema's type. */
export function effectiveFormat({ type, format }: Schema): string | undefined {
  if (format === undefined || format === '') return undefined;
  const known =
    type === undefined || type === 'string'
      ? isStringFormat(format)
      : (type === 'integer' && (format === 'int32' || format === 'int64')) ||
        (type === 'number' && (format === 'float' || format === 'double'));
  return known ? format : undefined;
}

/** Whether a string is of a format; one that Kubernetes does not know takes everything. */
export function hasFormat(format: string, text: string): boolean {
  return STRING_FORMATS.get(format.replaceAll('-', ''))?.(text) ?? true;
}

/** The formats that a schema names and Kubernetes does not know: it warns of them, and ignores them. */
export function unrecognizedFormats(schema: Schema): string[] {
  const found = new Set<string>();
  const visit = (part: Schema): void => {
    const { format = '' } = part;
    if (format !== '' && effectiveFormat(part) === undefined) found.add(format);
    const below = [part.items, part.not, part.additionalProperties, ...Object.values(part.properties ?? {})];
    for (const inner of [...below, ...(part.allOf ?? []), ...(part.anyOf ?? []), ...(part.oneOf ?? [])]) {
      if (typeof inner === 'object') visit(inner);
    }
  };
  visit(schema);
  return [...found];
}

/** Whether this is the name of a format of strings. */
export function isStringFormat(format: string): boolean {
  return STRING_FORMATS.has(format.replaceAll('-', ''));
}

function isUri(text: string): boolean {
  try {
    parseRequestUri(text);
    return true;
  } catch {
    return false;
  }
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** net/mail: an address, or a name with the address in angle brackets. */
function isEmail(text: string): boolean {
  const bracketed = /^(?:[^<>@]*)<([^<>]*)>$/.exec(text.trim());
  const address = bracketed?.[1] ?? text.trim();
  const at = address.lastIndexOf('@');
  if (at <= 0) return false;
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  return (
    (isDotAtom(local) || /^"([^"\\\r\n]|\\.)*"$/.test(local)) &&
    (isDotAtom(domain) || /^\[[^[\]\\]*\]$/.test(domain))
  );
}

function isDotAtom(text: string): boolean {
  return text.split('.').every((atom) => /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]+$/.test(atom));
}

/** strfmt.IsHostname: labels of letters, digits, symbols and inner hyphens; a single label, or a domain. */
function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false;
  const labels = text.split('.');
  if (labels.some((label) => Buffer.byteLength(label) > 63)) return false;
  if (labels.length === 1) return /^[a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?$/u.test(text);
  const inner = labels.slice(0, -1);
  const fine = inner.every((label) =>
    /^[a-zA-Z0-9\p{S}\p{L}]([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?$/u.test(label),
  );
  return fine && isTopLabel(labels.at(-1) ?? '');
}

function isTopLabel(label: string): boolean {
  return /^[a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]){1,62}$/u.test(label);
}

/** net.ParseMAC: 6, 8 or 20 bytes, by colons, hyphens or (two at a time) points. */
function isMac(text: string): boolean {
  const pairs = /^[0-9a-f]{2}(:[0-9a-f]{2})+$|^[0-9a-f]{2}(-[0-9a-f]{2})+$/i.test(text);
  const quads = /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(text);
  const bytes = text.replace(/[^0-9a-f]/gi, '').length / 2;
  return (pairs || quads) && (bytes === 6 || bytes === 8 || bytes === 20);
}

function uuidDigits(text: string): string {
  return text.replaceAll('-', '');
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^[0-9]{9}[0-9X]$/.test(digits)) return false;
  const sum = Array.from(digits, (digit, index) => (digit === 'X' ? 10 : Number(digit)) * (index + 1));
  return sum.reduce((total, term) => total + term, 0) % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^[0-9]{13}$/.test(digits)) return false;
  const sum = Array.from(digits, (digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 3));
  return sum.reduce((total, term) => total + term, 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '');
  const issued =
    /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9]{2})[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$/;
  if (!issued.test(digits)) return false;
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, index) => {
      const value = index % 2 === 0 ? Number(digit) : Number(digit) * 2;
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}

function isRgbColor(text: string): boolean {
  const match = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  return match !== null && match.slice(1).every((part) => Number(part) <= 255 && /^(0|[1-9]\d*)$/.test(part));
}

/** govalidator.IsBase64: padded, of the standard alphabet, and not empty. */
function isBase64(text: string): boolean {
  if (text.length === 0 || text.length % 4 !== 0) return false;
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  return /^[A-Za-z0-9+/]+$/.test(text.slice(0, text.length - padding));
}

function isDate(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** strfmt.IsDateTime: an RFC 3339 time whose letters may be small, and whose day may be followed by more than a time. */
function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.toLowerCase().split('t');
  const parts = TIME.exec(time);
  if (parts === null || !isDate(date)) return false;
  const [, hours = '', minutes = '', seconds = ''] = parts;
  return hours <= '23' && minutes <= '59' && seconds <= '59';
}
