import type { ClevisCustom, HttpHeader, Proxy, Resource, Tang, Tls, Verification } from './config.ts';
import { parseGoUrl } from './go-url.ts';
import type { Findings } from './report.ts';
import { sourceProblem, urlProblem } from './url-rules.ts';

export function resourceRule(resource: Resource, findings: Findings, minor: number): void {
  fileContentsRule(resource, findings, minor);
  findings.error(httpHeadersProblem(resource), 'httpHeaders');
}

/** Spec 3.0 has no HTTP headers. */
export function fileContentsRule(resource: Resource, findings: Findings, minor: number): void {
  const { compression = '', source, verification } = resource;
  if (compression !== '' && compression !== 'gzip')
    findings.error('invalid compression method', 'compression');
  if (verification?.hash !== undefined && source === undefined)
    findings.error('source must be specified if verification is specified', 'verification', 'hash');
  findings.error(sourceProblem(source, minor), 'source');
}

function httpHeadersProblem({ httpHeaders, source = '' }: Resource): string | undefined {
  if (httpHeaders === undefined || httpHeaders.length === 0) return undefined;
  const url = source === '' ? undefined : parseGoUrl(source);
  if (url === undefined) return 'unable to parse url';
  return url.scheme === 'http' || url.scheme === 'https'
    ? undefined
    : 'cannot use HTTP headers with this source scheme';
}

export function httpHeaderRule(header: HttpHeader, findings: Findings): void {
  if (header.name === '') findings.error("HTTP header name can't be empty", 'name');
  if (header.value === '') findings.error('unable to parse HTTP header', 'value');
}

/** Only the length of a hash is checked: other characters than hexadecimal ones pass (host-contract §8.3). */
export function verificationRule({ hash }: Verification, findings: Findings, minor: number): void {
  if (hash === undefined) return;
  const dash = hash.indexOf('-');
  if (dash === -1) return findings.error('malformed hash specifier', 'hash');
  const name = hash.slice(0, dash);
  const known = name === 'sha512' || (name === 'sha256' && minor >= 1);
  if (!known) return findings.error('unrecognized hash function', 'hash');
  if (Buffer.byteLength(hash) - dash - 1 !== (name === 'sha512' ? 128 : 64))
    findings.error('incorrect size for hash sum', 'hash');
}

/** The references of spec 3.0, before all of them became resources. */
export function configReferenceRule(reference: Resource, findings: Findings, minor: number): void {
  findings.error(sourceProblem(reference.source, minor), 'source');
}

export function caReferenceRule(reference: Resource, findings: Findings, minor: number): void {
  findings.error(urlProblem(reference.source ?? '', minor), 'source');
}

export function ignitionConfigRule(
  config: { readonly merge?: readonly Resource[] },
  findings: Findings,
  minor: number,
): void {
  requireSources('merge', config.merge, findings, minor);
}

export function tlsRule(tls: Tls, findings: Findings, minor: number): void {
  requireSources('certificateAuthorities', tls.certificateAuthorities, findings, minor);
}

function requireSources(
  list: string,
  resources: readonly Resource[] | undefined,
  findings: Findings,
  minor: number,
): void {
  if (minor === 0 || resources === undefined) return;
  for (const [index, { source = '' }] of resources.entries()) {
    findings.error(source === '' ? 'source is required' : urlProblem(source, minor), list, index);
  }
}

export function proxyRule(proxy: Proxy, findings: Findings): void {
  proxyUrl(proxy.httpProxy, 'httpProxy', findings);
  if (proxyUrl(proxy.httpsProxy, 'httpsProxy', findings) === 'http')
    findings.warn('insecure plaintext HTTP proxy specified for HTTPS resources', 'httpsProxy');
}

function proxyUrl(text: string | undefined, member: string, findings: Findings): string | undefined {
  if (text === undefined) return undefined;
  const url = parseGoUrl(text);
  if (url === undefined) findings.error('unable to parse url', member);
  else if (url.scheme !== 'http' && url.scheme !== 'https') findings.error('proxies must be http(s)', member);
  return url?.scheme;
}

export function tangRule(tang: Tang, findings: Findings): void {
  const url = parseGoUrl(tang.url ?? '');
  if (url === undefined) findings.error('unable to parse url', 'url');
  else if (url.scheme !== 'http' && url.scheme !== 'https') findings.error('invalid url scheme', 'url');
  if ((tang.thumbprint ?? '') === '') findings.error('thumbprint is required', 'thumbprint');
  if ((tang.advertisement ?? '') !== '' && !isJson(tang.advertisement ?? ''))
    findings.error('advertisement is not valid JSON', 'advertisement');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const PINS: ReadonlySet<string> = new Set(['tpm2', 'tang', 'sss']);

/** Since 3.3; from 3.6 on any pin goes. */
export function clevisCustomRule(custom: ClevisCustom, findings: Findings, minor: number): void {
  const { pin = '', config = '', needsNetwork } = custom;
  if (pin === '' && config === '' && needsNetwork !== true) return;
  if (pin === '') findings.error('missing required custom clevis pin', 'pin');
  else if (minor < 6 && !PINS.has(pin)) findings.error('unsupported clevis pin', 'pin');
  if (config === '') findings.error('missing required custom clevis config', 'config');
}

/** The form of spec 3.2. */
export function customRule({ pin = '', config = '' }: ClevisCustom, findings: Findings): void {
  if (pin === '' && config === '') return;
  if (!PINS.has(pin)) findings.error('unsupported clevis pin', 'pin');
  if (config === '') findings.error('missing required custom clevis config', 'config');
}
