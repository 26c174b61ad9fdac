import type { CredentialLookup } from './auth-file.ts';
import { OciError, type OciErrorCode, type OciErrorFacts } from './oci-error.ts';
import { hostAndPort } from './registry-endpoint.ts';
import type { OptionNames } from './registry-options.ts';
import { parseRetryAfter } from './registry-retry.ts';
import { OversizeError } from './registry-transport.ts';

/** What an error message needs to know about the request that failed. */
export interface FailureContext {
  /** What was tried, after "cannot": `read manifest quay.io/team/os:1`. */
  readonly action: string;
  readonly method: string;
  /** The registry, as references name it. */
  readonly registry: string;
  readonly url: URL;
  readonly names: Required<OptionNames>;
  readonly now: number;
}

/** One entry of an OCI error body (distribution specification, "Error codes"). */
export interface RegistryComplaint {
  readonly code: string;
  readonly message: string;
  readonly detail: unknown;
}

/** The largest part of an error body that is looked at, in bytes. */
export const MAX_ERROR_BYTES: number = 64 * 1024;

const CERTIFICATE_CODES = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const NOT_TLS_CODES = new Set([
  'EPROTO',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

/** Turns an error of the network into an {@link OciError} with a sentence of its own kind. */
export function networkFailure(error: unknown, context: FailureContext, aborted: boolean): OciError {
  if (error instanceof OciError) return error;
  const { action, names, registry, url } = context;
  const where = hostAndPort(url);
  const cause = error;
  const code = errorCode(error);
  const fail = (kind: OciErrorCode, reason: string, retryable: boolean): OciError =>
    new OciError(kind, `cannot ${action}: ${reason}`, { cause, retryable, registry });
  if (aborted) return fail('aborted', 'it was cancelled', false);
  if (CERTIFICATE_CODES.has(code)) {
    return fail(
      'tls',
      `the certificate of ${where} is not signed by a known CA (${code}); add its CA to ${names.certificateAuthorities}`,
      false,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail(
      'tls',
      `the certificate of ${where} is for another host name; use the name it was issued for`,
      false,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return fail(
      'tls',
      `the certificate of ${where} is not valid at this time (${code}); renew it or correct the clock`,
      false,
    );
  }
  if (error instanceof OversizeError) {
    return fail('too-large', `the answer of ${where} has more than the ${error.limit} bytes allowed`, false);
  }
  if (isProtocolMismatch(code) && url.protocol === 'https:') {
    return fail(
      'tls',
      `${where} does not speak TLS (${code}); if it serves plain HTTP, list it in ${names.plainHttp}`,
      false,
    );
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    return fail('tls', `the TLS handshake with ${where} failed (${code})`, false);
  }
  if (code.startsWith('HPE_'))
    return fail('unreachable', `${where} does not speak HTTP (${code}); is it a registry?`, false);
  switch (code) {
    case 'ECONNREFUSED':
      return fail(
        'unreachable',
        `${where} refused the connection; check that the registry runs and listens there`,
        true,
      );
    case 'ENOTFOUND':
      return fail(
        'unreachable',
        `the host name ${url.hostname} does not resolve; check its spelling and the DNS`,
        false,
      );
    case 'EAI_AGAIN':
      return fail('unreachable', `the DNS does not answer for ${url.hostname} (EAI_AGAIN)`, true);
    case 'ETIMEDOUT':
      return fail(
        'unreachable',
        `${where} did not answer in time; check the network and the proxy settings`,
        true,
      );
    case 'ERR_PROXY_TUNNEL':
      return fail(
        'unreachable',
        `the proxy gives no connection to ${where}; check the proxy and NO_PROXY`,
        true,
      );
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return fail('unreachable', `${where} closed the connection in the middle (${code})`, true);
    default:
      return fail(
        'unreachable',
        `no connection to ${where} (${code})`,
        code === 'EHOSTUNREACH' || code === 'ENETUNREACH',
      );
  }
}

/** Tells whether the other side seems to speak TLS where we speak plain HTTP, or the other way round. */
export function isProtocolMismatch(code: string): boolean {
  return code.startsWith('HPE_') || NOT_TLS_CODES.has(code);
}

/** The `code` of a Node error, or what there is to say about it. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : sanitise(error.message);
}

/** Turns a status that the caller did not expect into an {@link OciError} with a sentence of its own kind. */
export function statusFailure(
  status: number,
  retryAfter: string | undefined,
  body: Uint8Array,
  context: FailureContext,
): OciError {
  const complaints = parseComplaints(body);
  const { action, registry, url } = context;
  const where = hostAndPort(url);
  const said = quoteComplaints(status, complaints);
  const fail = (code: OciErrorCode, reason: string, facts: OciErrorFacts = {}): OciError =>
    new OciError(code, `cannot ${action}: ${reason}`, { registry, status, ...facts });
  const codes = new Set(complaints.map((complaint) => complaint.code));
  if (status === 401) return fail('unauthorized', `${where} refuses access ${said}`);
  const unknown = codes.has('BLOB_UNKNOWN') || codes.has('MANIFEST_UNKNOWN');
  if (codes.has('MANIFEST_BLOB_UNKNOWN') || (context.method === 'PUT' && unknown)) {
    const digests = digestsIn(complaints);
    const named = digests.length === 0 ? '' : ` (${digests.slice(0, 3).join(', ')})`;
    return fail(
      'blob-unknown',
      `${where} does not have content that is referred to${named} ${said}; push it first`,
      { digests },
    );
  }
  if (status === 429 || codes.has('TOOMANYREQUESTS')) {
    const wait = parseRetryAfter(retryAfter, context.now);
    return fail(
      'rate-limited',
      `${where} is asked too often ${said}; log in for a higher limit or try again later`,
      {
        retryable: true,
        ...(wait === undefined ? {} : { retryAfter: wait }),
      },
    );
  }
  if (status === 403 || codes.has('DENIED')) {
    return fail('denied', `${where} does not allow it ${said}; check the rights of the account that is used`);
  }
  if (status === 404) return fail('not-found', notFoundReason(where, codes, said));
  if (status === 413) return fail('too-large', `${where} takes no content of this size ${said}`);
  if (codes.has('MANIFEST_INVALID') || codes.has('MANIFEST_UNVERIFIED')) {
    return fail('manifest-invalid', `${where} does not accept the manifest ${said}`);
  }
  if (status === 405 || status === 501 || codes.has('UNSUPPORTED')) {
    return fail('unsupported', `${where} does not support it ${said}`);
  }
  const retryable = status === 408 || status === 500 || status === 502 || status === 503 || status === 504;
  const wait = retryable ? parseRetryAfter(retryAfter, context.now) : undefined;
  return fail(
    'registry-error',
    `${where} ${status >= 500 ? 'failed' : 'did not accept the request'} ${said}; its log says why`,
    {
      retryable,
      ...(wait === undefined ? {} : { retryAfter: wait }),
    },
  );
}

/** The sentence for a 401: who refused what, which auth files were consulted and what to do. */
export function unauthorized(
  context: FailureContext,
  lookup: CredentialLookup | undefined,
  said: string,
): OciError {
  const { action, registry, url } = context;
  const where = hostAndPort(url);
  const files = lookup?.files ?? [];
  const login = lookup?.remedy ?? `log in with podman login ${registry}`;
  const reason = ((): string => {
    if (lookup?.credential !== undefined) {
      return `${where} refused the credentials from ${files.join(', ')} ${said}; check them or ${login}`;
    }
    if (lookup?.helper !== undefined) {
      return `${where} wants credentials ${said}, and ${files.join(', ')} leaves them to the credential helper ${JSON.stringify(lookup.helper)}, which is not run here; put them into an auth file with podman login --authfile`;
    }
    if (files.length > 0)
      return `${where} wants credentials ${said}, and ${files.join(', ')} has none for it; ${login}`;
    return `${where} wants credentials ${said}, and there is no auth file; ${login}`;
  })();
  return new OciError('unauthorized', `cannot ${action}: ${reason}`, { registry, status: 401 });
}

/** Reads an OCI error body; anything else gives an empty list. */
export function parseComplaints(body: Uint8Array): readonly RegistryComplaint[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return [];
  }
  const errors: unknown = isObject(document) ? document['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, 20).flatMap((entry: unknown) => {
    if (!isObject(entry) || typeof entry['code'] !== 'string') return [];
    const message = typeof entry['message'] === 'string' ? entry['message'] : '';
    return [{ code: entry['code'], message, detail: entry['detail'] }];
  });
}

/** `(401 UNAUTHORIZED: authentication required)`, safe to print. */
export function quoteComplaints(status: number, complaints: readonly RegistryComplaint[]): string {
  const texts = complaints
    .slice(0, 3)
    .map(({ code, message }) =>
      message === '' ? sanitise(code) : `${sanitise(code)}: ${sanitise(message)}`,
    );
  return `(${[String(status), texts.join('; ')].filter((part) => part !== '').join(' ')})`;
}

/**
 * Makes text from a registry safe to print: no control or direction characters (they can rewrite a terminal), no URL
 * queries and no tokens, at most 200 characters.
 */
function sanitise(text: string): string {
  const plain = text
    .slice(0, 2000)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/(?<url>https?:\/\/[^\s?"'<>]*)\?[^\s"'<>]*/giu, '$<url>')
    .replace(/\b(?<scheme>bearer|basic)\s+[\w.~+/=-]{8,}/giu, '$<scheme> …')
    .trim();
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}

function notFoundReason(where: string, codes: ReadonlySet<string>, said: string): string {
  if (codes.has('NAME_UNKNOWN'))
    return `${where} has no such repository ${said}; check its name, and whether a login is needed`;
  if (codes.has('MANIFEST_UNKNOWN')) return `${where} has no such manifest ${said}; check the tag or digest`;
  if (codes.size > 0) return `${where} does not have it ${said}`;
  return `${where} does not have it ${said}, and its answer is not that of a registry API; check the host and the port`;
}

function digestsIn(complaints: readonly RegistryComplaint[]): readonly string[] {
  const details = complaints.map((complaint) => JSON.stringify(complaint.detail) ?? '').join(' ');
  return [...new Set(details.match(/\bsha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})\b/gu) ?? [])];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
