import { arrangeLayer } from './layer-rules.ts';
import { encodePaxRecords, XATTR_PREFIX } from './pax-records.ts';
import { BLOCK, FIELD, type Field, headerSum, paddedSize } from './tar-block.ts';
import type { TarEntry } from './tar-entry.ts';

/**
 * Writes a layer as an uncompressed ustar archive. The same entries, in whatever order, give the same bytes: sorted,
 * mtime 0, no owner names. What ustar cannot hold is written so that every importer takes it (host-contract §5.2):
 * long names as GNU `L` and `K` entries and never as PAX `path`, which escapes the host's `etc` rewriting; large ids
 * and sizes in base-256; extended attributes as `SCHILY.xattr.*`, the only PAX records.
 * @throws {OciError} code `tar-rule` when the entries break a rule for layers
 */
export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const members = arrangeLayer(entries).map(planMember);
  const total = members.reduce((sum, member) => sum + member.size, 2 * BLOCK);
  const archive = Buffer.alloc(total);
  let offset = 0;
  for (const member of members) offset = writeMember(archive, offset, member);
  return archive;
}

/** An entry with everything that decides how many bytes it takes. */
interface Member {
  readonly entry: TarEntry;
  readonly name: SplitName;
  readonly link: Uint8Array;
  /** PAX records, when there are any. */
  readonly records: Uint8Array | undefined;
  /** Bytes of all its blocks. */
  readonly size: number;
}

/** A path as the two ustar fields hold it; `long` is the whole of it when they cannot. */
interface SplitName {
  readonly prefix: Uint8Array;
  readonly name: Uint8Array;
  readonly long: Uint8Array | undefined;
}

const TYPE_FLAG = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;
const LONG_NAME = 'L';
const LONG_LINK = 'K';
const PAX_HEADER = 'x';
/** What GNU tar names its long-name entries. */
const LONG_ENTRY_NAME: SplitName = {
  prefix: Buffer.alloc(0),
  name: Buffer.from('././@LongLink'),
  long: undefined,
};
const PAX_ENTRY_NAME: SplitName = {
  prefix: Buffer.alloc(0),
  name: Buffer.from('PaxHeaders/xattrs'),
  long: undefined,
};
const NOTHING = Buffer.alloc(0);
const SLASH = 0x2f;

function planMember(entry: TarEntry): Member {
  const name = splitName(Buffer.from(entry.type === 'directory' ? `${entry.path}/` : entry.path));
  const link = Buffer.from(entry.target ?? '');
  const records = (entry.xattrs?.size ?? 0) > 0 ? encodeXattrs(entry.xattrs ?? new Map()) : undefined;
  let size = BLOCK + paddedSize(entry.contents?.length ?? 0);
  if (records !== undefined) size += BLOCK + paddedSize(records.length);
  if (link.length > FIELD.linkname[1]) size += BLOCK + paddedSize(link.length + 1);
  if (name.long !== undefined) size += BLOCK + paddedSize(name.long.length + 1);
  return { entry, name, link, records, size };
}

function encodeXattrs(xattrs: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...xattrs].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return encodePaxRecords(sorted.map(([name, value]) => [XATTR_PREFIX + name, value] as const));
}

function splitName(path: Buffer): SplitName {
  const [, nameLimit] = FIELD.name;
  const [, prefixLimit] = FIELD.prefix;
  if (path.length <= nameLimit) return { prefix: NOTHING, name: path, long: undefined };
  // The last slash that leaves a prefix short enough; the name after it must not be empty.
  const slash = path.lastIndexOf(SLASH, Math.min(prefixLimit, path.length - 2));
  if (slash > 0 && path.length - slash - 1 <= nameLimit) {
    return { prefix: path.subarray(0, slash), name: path.subarray(slash + 1), long: undefined };
  }
  return { prefix: NOTHING, name: path.subarray(0, nameLimit), long: path };
}

function writeMember(archive: Buffer, start: number, member: Member): number {
  const { entry, name, link, records } = member;
  const [, linkLimit] = FIELD.linkname;
  let offset = start;
  if (records !== undefined) offset = writeAuxiliary(archive, offset, PAX_HEADER, PAX_ENTRY_NAME, records, 0);
  if (link.length > linkLimit) offset = writeAuxiliary(archive, offset, LONG_LINK, LONG_ENTRY_NAME, link, 1);
  if (name.long !== undefined)
    offset = writeAuxiliary(archive, offset, LONG_NAME, LONG_ENTRY_NAME, name.long, 1);
  const size = entry.contents?.length ?? 0;
  offset = writeHeader(archive, offset, TYPE_FLAG[entry.type], name, { ...entry, size, link });
  if (entry.contents !== undefined) archive.set(entry.contents, offset);
  return offset + paddedSize(size);
}

/** Writes an entry that describes the one after it; `terminator` zero bytes belong to its body. */
function writeAuxiliary(
  archive: Buffer,
  offset: number,
  typeFlag: string,
  name: SplitName,
  body: Uint8Array,
  terminator: 0 | 1,
): number {
  const size = body.length + terminator;
  const at = writeHeader(archive, offset, typeFlag, name, {
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    link: NOTHING,
  });
  archive.set(body, at);
  return at + paddedSize(size);
}

interface HeaderFacts {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly link: Uint8Array;
}

function writeHeader(
  archive: Buffer,
  offset: number,
  typeFlag: string,
  name: SplitName,
  facts: HeaderFacts,
): number {
  archive.set(name.name, offset + FIELD.name[0]);
  writeNumber(archive, offset, FIELD.mode, facts.mode);
  writeNumber(archive, offset, FIELD.uid, facts.uid);
  writeNumber(archive, offset, FIELD.gid, facts.gid);
  writeNumber(archive, offset, FIELD.size, facts.size);
  writeNumber(archive, offset, FIELD.mtime, 0);
  archive.write(typeFlag, offset + FIELD.typeflag[0], 'latin1');
  archive.set(facts.link.subarray(0, FIELD.linkname[1]), offset + FIELD.linkname[0]);
  archive.write('ustar\u000000', offset + FIELD.magic[0], 'latin1');
  archive.set(name.prefix, offset + FIELD.prefix[0]);
  // Six digits, a zero byte, a space: the form in which every tar writes the checksum.
  const sum = headerSum(archive, offset).unsigned.toString(8).padStart(6, '0');
  archive.write(`${sum}\0 `, offset + FIELD.checksum[0], 'latin1');
  return offset + BLOCK;
}

/** Octal digits and a zero byte; in base-256 with the top bit set when the field is too short for that. */
function writeNumber(archive: Buffer, offset: number, [start, length]: Field, value: number): void {
  const octal = value.toString(8);
  if (octal.length < length) {
    archive.write(octal.padStart(length - 1, '0'), offset + start, 'latin1');
    return;
  }
  let rest = value;
  for (let at = offset + start + length - 1; at > offset + start; at -= 1) {
    archive[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  archive[offset + start] = 0x80;
}
