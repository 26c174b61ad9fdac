import { createHash } from 'node:crypto';

/**
 * A tar reader of the laboratory's own, deliberately not the product's: what Varve writes must be right in the eyes of
 * something that shares no line with it. Reads ustar, pax and GNU long names; refuses what layers never hold.
 */
export interface Entry {
  /** Without leading `./` and trailing `/`; the root itself is the empty string. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
  /** Hex digest of the contents of a file. */
  readonly sha256: string | undefined;
  readonly linkTarget: string | undefined;
  /** Values as hex. */
  readonly xattrs: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, Entry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};
const XATTR = 'SCHILY.xattr.';

/** Pulls exact amounts out of a stream of chunks of any size. */
class Puller {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Up to `limit` bytes; empty at the end of the stream. */
  async some(limit: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return this.#rest;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    const part = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0;) {
      const part = await this.some(left);
      if (part.length === 0) throw new Error(`cannot read tar: it ends ${left} bytes early`);
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}

/** The entries of a plain tar stream, in its order. `keep` is asked for each file whether its bytes are wanted. */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  contents?: (entry: Entry, bytes: Buffer) => void,
): AsyncGenerator<Entry> {
  const puller = new Puller(source);
  let pax = new Map<string, Buffer>();
  let longName: string | undefined;
  let longLink: string | undefined;
  for (;;) {
    const header = await puller.exactly(512);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const flag = String.fromCharCode(header[156]!);
    const size = paxNumber(pax, 'size') ?? number(header, 124, 12);
    if (flag === 'x' || flag === 'L' || flag === 'K') {
      const bytes = (await puller.exactly(padded(size))).subarray(0, size);
      if (flag === 'x') pax = paxRecords(bytes);
      else if (flag === 'L') longName = text(bytes, 0, size);
      else longLink = text(bytes, 0, size);
      continue;
    }
    if (flag === 'g') throw new Error('cannot read tar: a global pax header has no place in a layer');
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : '';
    const short = text(header, 0, 100);
    const name = pax.get('path')?.toString() ?? longName ?? (prefix === '' ? short : `${prefix}/${short}`);
    const link = pax.get('linkpath')?.toString() ?? longLink ?? text(header, 157, 100);
    const type = TYPES[flag] ?? 'other';
    const body = await readBody(puller, size, contents !== undefined && type === 'file');
    const entry: Entry = {
      path: name
        .replace(/^(?:\.?\/)+/, '')
        .replace(/\/+$/, '')
        .replace(/^\.$/, ''),
      type,
      // Some writers (Go) put the type bits into the mode as well.
      mode: number(header, 100, 8) & 0o7777,
      uid: paxNumber(pax, 'uid') ?? number(header, 108, 8),
      gid: paxNumber(pax, 'gid') ?? number(header, 116, 8),
      mtime: paxNumber(pax, 'mtime') ?? number(header, 136, 12),
      size: type === 'file' ? size : 0,
      sha256: type === 'file' ? body.sha256 : undefined,
      linkTarget: type === 'symlink' || type === 'hardlink' ? link : undefined,
      xattrs: xattrs(pax),
    };
    if (body.bytes !== undefined) contents?.(entry, body.bytes);
    yield entry;
    pax = new Map();
    longName = undefined;
    longLink = undefined;
  }
  // What follows the end mark is padding; the stream must still be read to its end, for its owner to check it whole.
  while ((await puller.some(65_536)).length > 0);
}

async function readBody(
  puller: Puller,
  size: number,
  keep: boolean,
): Promise<{ sha256: string; bytes: Buffer | undefined }> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  for (let left = size; left > 0;) {
    const part = await puller.some(left);
    if (part.length === 0) throw new Error(`cannot read tar: it ends ${left} bytes early`);
    hash.update(part);
    if (keep) kept.push(part);
    left -= part.length;
  }
  await puller.exactly(padded(size) - size);
  return { sha256: hash.digest('hex'), bytes: keep ? Buffer.concat(kept) : undefined };
}

function padded(size: number): number {
  return Math.ceil(size / 512) * 512;
}

function text(bytes: Buffer, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? field.length : end);
}

function number(header: Buffer, from: number, length: number): number {
  const first = header[from]!;
  if (first === 0x80) return Number(header.readBigUInt64BE(from + length - 8));
  const digits = text(header, from, length).trim();
  if (!/^[0-7]*$/.test(digits))
    throw new Error(`cannot read tar: malformed number ${JSON.stringify(digits)}`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Buffer): void {
  let sum = 8 * 0x20;
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
  if (sum !== number(header, 148, 8)) throw new Error('cannot read tar: wrong header checksum');
}

function paxRecords(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    if (!(length > 0) || equals === -1) throw new Error('cannot read tar: malformed pax record');
    records.set(bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, at + length - 1));
    at += length;
  }
  return records;
}

function paxNumber(pax: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = pax.get(key);
  return value === undefined ? undefined : Number(value.toString());
}

function xattrs(pax: ReadonlyMap<string, Buffer>): Record<string, string> {
  const found = [...pax]
    .filter(([key]) => key.startsWith(XATTR))
    .map(([key, value]): [string, string] => [key.slice(XATTR.length), value.toString('hex')]);
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
