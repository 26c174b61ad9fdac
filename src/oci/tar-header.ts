import { OciError } from './oci-error.ts';
import { XATTR_PREFIX } from './pax-records.ts';
import { FIELD, type Field, headerSum } from './tar-block.ts';

/** What an archive member is. A `sparse-file` has contents that this room does not read. */
export type TarMemberType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'character-device'
  | 'block-device'
  | 'fifo'
  | 'sparse-file';

/** What an archive says about one member. */
export interface TarHeader {
  /**
   * Relative, without `./` before it and without `/` at either end; the root directory is the empty string. Bytes
   * that are not UTF-8 are replaced by U+FFFD.
   */
  readonly path: string;
  readonly type: TarMemberType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the contents; 0 for everything but files. */
  readonly size: number;
  /** Seconds since 1970; may have a fraction and may be negative. */
  readonly mtime: number;
  /** Of a symlink: its text, as it stands. Of a hard link: the path of the other name, in the form of `path`. */
  readonly target?: string;
  /** Extended attributes by full name; absent when there are none. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** Facts about the next member that entries before it gave; they win over the header's own fields. */
export interface Overrides {
  readonly longName?: Uint8Array;
  readonly longLink?: Uint8Array;
  readonly pax: ReadonlyMap<string, Uint8Array>;
}

/** A header, and how many bytes follow it in the archive before padding. */
export interface DecodedHeader {
  readonly header: TarHeader;
  readonly stored: number;
}

/**
 * Verifies the checksum of a header block and gives its type flag and its own size field.
 * @throws {OciError} code `malformed`
 */
export function openBlock(block: Buffer, offset: number): { readonly flag: string; readonly size: number } {
  const sum = headerSum(block, offset);
  const claimed = readNumber(block, offset, FIELD.checksum, 'checksum');
  if (claimed !== sum.unsigned && claimed !== sum.signed)
    throw malformed('the checksum of a header is wrong');
  const size = readNumber(block, offset, FIELD.size, 'size');
  if (size < 0) throw malformed('a member has a negative size');
  return { flag: block.toString('latin1', offset + FIELD.typeflag[0], offset + FIELD.typeflag[0] + 1), size };
}

/**
 * Decodes the header of a member whose checksum is good.
 * @throws {OciError} code `malformed` or `unsupported`
 */
export function decodeHeader(block: Buffer, offset: number, overrides: Overrides): DecodedHeader {
  const { pax } = overrides;
  const { flag, size: ownSize } = openBlock(block, offset);
  const rawName = readName(block, offset, overrides);
  const path = relativePath(rawName);
  const type = memberType(flag, rawName, pax, path);
  const stored = hasBody(type) ? paxNumber(pax, 'size', ownSize) : 0;
  if (!Number.isSafeInteger(stored) || stored < 0)
    throw malformed(`the size of ${quote(path)} is not a number of bytes`);
  const target = readTarget(block, offset, overrides, type);
  const xattrs = readXattrs(pax);
  return {
    stored,
    header: {
      path,
      type,
      mode: readNumber(block, offset, FIELD.mode, 'mode') & 0o7777,
      uid: paxNumber(pax, 'uid', readNumber(block, offset, FIELD.uid, 'uid')),
      gid: paxNumber(pax, 'gid', readNumber(block, offset, FIELD.gid, 'gid')),
      size: type === 'sparse-file' ? sparseSize(block, offset, flag, pax, stored) : stored,
      mtime: paxNumber(pax, 'mtime', readNumber(block, offset, FIELD.mtime, 'mtime')),
      ...(target === undefined ? {} : { target }),
      ...(xattrs === undefined ? {} : { xattrs }),
    },
  };
}

/** Where GNU's own sparse format keeps the real size. */
const GNU_REAL_SIZE: Field = [483, 12];
const GNU_SPARSE_FLAG = 'S';

function memberType(
  flag: string,
  rawName: string,
  pax: ReadonlyMap<string, Uint8Array>,
  path: string,
): TarMemberType {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      // Version 7 tar had no flag for directories.
      if (flag === '\0' && rawName.endsWith('/')) return 'directory';
      return isPaxSparse(pax) ? 'sparse-file' : 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
      return 'character-device';
    case '4':
      return 'block-device';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    case GNU_SPARSE_FLAG:
      return 'sparse-file';
    default:
      throw new OciError(
        'unsupported',
        `cannot read tar archive: ${quote(path)} has type ${quote(flag)}, which no container layer uses`,
      );
  }
}

function hasBody(type: TarMemberType): boolean {
  return type === 'file' || type === 'sparse-file';
}

function isPaxSparse(pax: ReadonlyMap<string, Uint8Array>): boolean {
  return pax.has('GNU.sparse.major') || pax.has('GNU.sparse.size') || pax.has('GNU.sparse.map');
}

function sparseSize(
  block: Buffer,
  offset: number,
  flag: string,
  pax: ReadonlyMap<string, Uint8Array>,
  stored: number,
): number {
  if (flag === GNU_SPARSE_FLAG) return readNumber(block, offset, GNU_REAL_SIZE, 'size');
  return paxNumber(pax, 'GNU.sparse.realsize', paxNumber(pax, 'GNU.sparse.size', stored));
}

function readName(block: Buffer, offset: number, { longName, pax }: Overrides): string {
  const override = pax.get('GNU.sparse.name') ?? pax.get('path') ?? longName;
  if (override !== undefined) return text(override);
  const name = text(fieldBytes(block, offset, FIELD.name));
  // GNU's own format has times where ustar has the prefix.
  const [magic] = FIELD.magic;
  if (block.toString('latin1', offset + magic, offset + magic + 6) !== 'ustar\0') return name;
  const prefix = text(fieldBytes(block, offset, FIELD.prefix));
  return prefix === '' ? name : `${prefix}/${name}`;
}

function readTarget(
  block: Buffer,
  offset: number,
  { longLink, pax }: Overrides,
  type: TarMemberType,
): string | undefined {
  if (type !== 'symlink' && type !== 'hardlink') return undefined;
  const target = text(pax.get('linkpath') ?? longLink ?? fieldBytes(block, offset, FIELD.linkname));
  return type === 'hardlink' ? relativePath(target) : target;
}

function readXattrs(pax: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> | undefined {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of pax) {
    if (!key.startsWith(XATTR_PREFIX)) continue;
    xattrs ??= new Map();
    xattrs.set(key.slice(XATTR_PREFIX.length), value);
  }
  return xattrs;
}

/** Removes what does not change the meaning; `..` is refused because only an attack has it (host-contract §5.2). */
function relativePath(name: string): string {
  if (PLAIN.test(name)) return name;
  const components = name.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) throw malformed(`the path ${quote(name)} has a ".." component`);
  return components.join('/');
}

/** Paths that need no rewriting: nearly all. No empty component and none that begins with a dot. */
const PLAIN = /^[^/.][^/]*(?:\/[^/.][^/]*)*$/u;

function fieldBytes(block: Buffer, offset: number, [start, length]: Field): Buffer {
  const from = offset + start;
  let end = from;
  while (end < from + length && block[end] !== 0) end += 1;
  return block.subarray(from, end);
}

function text(bytes: Uint8Array): string {
  const decoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (decoded.includes('\0')) throw malformed('a name has a NUL character');
  return decoded;
}

function paxNumber(pax: ReadonlyMap<string, Uint8Array>, key: string, otherwise: number): number {
  const value = pax.get(key);
  if (value === undefined) return otherwise;
  const digits = text(value);
  // Times may have a fraction and a sign; everything else is a count.
  if (!(key === 'mtime' ? /^-?\d{1,15}(?:\.\d{0,30})?$/u : /^\d{1,15}$/u).test(digits)) {
    throw malformed(`the PAX record ${quote(key)} is not a number`);
  }
  return Number(digits);
}

function readNumber(block: Buffer, offset: number, [start, length]: Field, what: string): number {
  const from = offset + start;
  const first = block[from] ?? 0;
  if (first >= 0x80) return readBase256(block, from, length, what);
  let value = 0;
  let at = from;
  const end = from + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at += 1;
  for (; at < end; at += 1) {
    const byte = block[at] ?? 0;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw malformed(`the ${what} of a member is not an octal number`);
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

/** Two's complement over the whole field, its top bit replaced by the mark that this is not text. */
function readBase256(block: Buffer, from: number, length: number, what: string): number {
  const negative = (block[from] ?? 0) === 0xff;
  let value = negative ? -1 : (block[from] ?? 0) & 0x7f;
  for (let at = from + 1; at < from + length; at += 1) value = value * 256 + (block[at] ?? 0);
  if (!Number.isSafeInteger(value)) throw malformed(`the ${what} of a member is out of range`);
  return value;
}

function malformed(reason: string): OciError {
  return new OciError('malformed', `cannot read tar archive: ${reason}`);
}

function quote(value: string): string {
  return JSON.stringify(value.slice(0, 200));
}
