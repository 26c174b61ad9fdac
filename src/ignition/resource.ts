import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Resource } from './config.ts';
import { dataUrlBytes, dataUrlProblem, readDataUrl } from './data-url.ts';
import { parseGoUrl } from './go-url.ts';
import { IgnitionError } from './ignition-error.ts';

/** No resource may be larger than this, decompressed: a few kilobytes of gzip could fill the memory otherwise. */
export const MAX_RESOURCE_BYTES: number = 64 * 1024 * 1024;

/**
 * The bytes of a resource: decoded from its data URL, decompressed, verified. A missing or empty source is no bytes.
 * `what` names the resource in error messages.
 * @throws {@link IgnitionError} `remote-resource`, `malformed-data-url`, `compression`, `gzip`, `too-large`,
 *   `malformed-hash` or `hash-mismatch`
 */
export function decodeResource(resource: Resource, what = 'an Ignition resource'): Uint8Array {
  const { source = '', compression = '', verification } = resource;
  const fetched = source === '' ? new Uint8Array() : sourceBytes(source, what);
  const bytes = decompress(fetched, compression, what);
  if (bytes.length > MAX_RESOURCE_BYTES) throw tooLarge(what);
  if (verification?.hash !== undefined) verify(bytes, verification.hash, what);
  return bytes;
}

function sourceBytes(source: string, what: string): Uint8Array {
  if (!/^data:/i.test(source)) throw remote(source, what);
  // Four characters of base64 hold three bytes, three of percent-encoding one.
  if (source.length > MAX_RESOURCE_BYTES * 3) throw tooLarge(what);
  const header = readDataUrl(source);
  const problem = header.ok ? dataUrlProblem(source) : header.message;
  if (!header.ok || problem !== undefined)
    throw new IgnitionError('malformed-data-url', `cannot decode ${what}: ${problem ?? ''}`);
  return dataUrlBytes(source, header);
}

function remote(source: string, what: string): IgnitionError {
  const url = parseGoUrl(source);
  // Neither the path nor the query: both may hold credentials.
  const place =
    url === undefined
      ? 'a URL that does not parse'
      : [url.scheme, url.host].filter((part) => part !== '').join('://');
  return new IgnitionError(
    'remote-resource',
    `cannot fetch ${what} from ${place}: only data URLs are resolved here; put the contents into a data URL`,
  );
}

function decompress(bytes: Uint8Array, compression: string, what: string): Uint8Array {
  if (compression === '') return bytes;
  if (compression !== 'gzip') {
    const message = `cannot decompress ${what}: compression must be "" or "gzip"`;
    throw new IgnitionError('compression', message);
  }
  try {
    const { buffer, engine } = gunzipSync(bytes, {
      info: true,
      maxOutputLength: MAX_RESOURCE_BYTES,
    }) as unknown as { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };
    if (engine.bytesWritten === bytes.length) return buffer;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(what);
    const reason = (cause as Error).message;
    throw damaged(what, reason, { cause });
  }
  throw damaged(what, 'data after the gzip stream');
}

function damaged(what: string, reason: string, options?: ErrorOptions): IgnitionError {
  const remedy = 'compress them anew, or leave compression out if they are not gzip';
  return new IgnitionError('gzip', `cannot decompress ${what}: ${reason}; ${remedy}`, options);
}

function verify(bytes: Uint8Array, expected: string, what: string): void {
  const [name = '', sum = ''] = split(expected);
  if (name !== 'sha256' && name !== 'sha512') {
    const message = `cannot verify ${what}: the hash must be sha256-<hex> or sha512-<hex>`;
    throw new IgnitionError('malformed-hash', message);
  }
  const actual = hash(name, bytes, 'hex');
  if (actual !== sum.toLowerCase()) {
    throw new IgnitionError(
      'hash-mismatch',
      `cannot verify ${what}: its ${name} is ${actual}, verification.hash says ${sum}; correct the hash or the contents`,
    );
  }
}

function split(text: string): readonly string[] {
  const dash = text.indexOf('-');
  return dash === -1 ? [] : [text.slice(0, dash), text.slice(dash + 1)];
}

function tooLarge(what: string): IgnitionError {
  const message = `cannot decode ${what}: larger than ${MAX_RESOURCE_BYTES} bytes; put what is that large into the base image`;
  return new IgnitionError('too-large', message);
}
