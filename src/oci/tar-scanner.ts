import { OciError } from './oci-error.ts';
import { decodePaxRecords } from './pax-records.ts';
import { BLOCK, paddedSize } from './tar-block.ts';
import { decodeHeader, openBlock, type TarHeader } from './tar-header.ts';

/** Receives the whole contents of a file; the bytes are its own. */
export type BodySink = (contents: Uint8Array) => void;

/** Called once per member, in archive order; returns where its contents go, or nothing when they are not wanted. */
export type MemberVisitor = (header: TarHeader) => BodySink | undefined | void;

/** Limits of a {@link TarScanner}. */
export interface TarScannerOptions {
  /** The largest file, in bytes, whose contents may be asked for. Default: 1 MiB. */
  readonly bodyLimit?: number;
}

/**
 * Reads an untrusted tar archive that arrives in chunks of any size: ustar, GNU and PAX. Contents that nobody asks for
 * are stepped over without being copied, so the speed is that of whatever produces the chunks.
 *
 * `push` and `end` throw an {@link OciError} with code `malformed`, `truncated`, `unsupported` or `too-large`; after
 * that the scanner is of no further use.
 */
export class TarScanner {
  readonly #visit: MemberVisitor;
  readonly #bodyLimit: number;
  /** A header that straddles chunks, as far as it has come. */
  readonly #partial: Buffer = Buffer.alloc(BLOCK);
  #partialLength = 0;
  /** Bytes to step over: contents nobody wants, and padding. */
  #skip = 0;
  #body: Body | undefined;
  #longName: Uint8Array | undefined;
  #longLink: Uint8Array | undefined;
  #globalPax: ReadonlyMap<string, Uint8Array> = NO_RECORDS;
  #pax: ReadonlyMap<string, Uint8Array> | undefined;
  /** Inside the extension blocks of an old GNU sparse member: what its contents take. */
  #sparseStored: number | undefined;
  #zeroBlocks = 0;

  constructor(visit: MemberVisitor, options: TarScannerOptions = {}) {
    this.#visit = visit;
    this.#bodyLimit = options.bodyLimit ?? 1024 * 1024;
  }

  /** Takes the next bytes of the archive. What follows its end mark is ignored. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < bytes.length && this.#zeroBlocks < 2) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
      } else if (this.#body !== undefined) {
        at += this.#fillBody(this.#body, bytes, at);
      } else if (this.#partialLength === 0 && bytes.length - at >= BLOCK) {
        this.#takeBlock(bytes, at);
        at += BLOCK;
      } else {
        const step = Math.min(BLOCK - this.#partialLength, bytes.length - at);
        bytes.copy(this.#partial, this.#partialLength, at, at + step);
        this.#partialLength += step;
        at += step;
        if (this.#partialLength === BLOCK) {
          this.#partialLength = 0;
          this.#takeBlock(this.#partial, 0);
        }
      }
    }
  }

  /** Says that no more bytes come. An archive without its end mark is an error: something cut it off. */
  end(): void {
    if (this.#zeroBlocks === 2) return;
    const betweenMembers = this.#partialLength === 0 && this.#skip === 0 && this.#body === undefined;
    if (this.#zeroBlocks === 1 && betweenMembers) return;
    throw new OciError('truncated', 'cannot read tar archive: it ends before its end mark');
  }

  #fillBody(body: Body, bytes: Buffer, at: number): number {
    const step = Math.min(body.contents.length - body.filled, bytes.length - at);
    bytes.copy(body.contents, body.filled, at, at + step);
    body.filled += step;
    if (body.filled === body.contents.length) {
      this.#body = undefined;
      this.#skip = paddedSize(body.filled) - body.filled;
      body.sink(body.contents);
    }
    return step;
  }

  #takeBlock(block: Buffer, at: number): void {
    if (this.#sparseStored !== undefined) return this.#takeSparseExtension(block, at, this.#sparseStored);
    if (isZero(block, at)) {
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks > 0) throw malformed('a member follows half an end mark');
    const { flag, size } = openBlock(block, at);
    switch (flag) {
      case 'L':
        return this.#capture(size, MAX_NAME_BYTES, (name) => (this.#longName = withoutTerminator(name)));
      case 'K':
        return this.#capture(size, MAX_NAME_BYTES, (name) => (this.#longLink = withoutTerminator(name)));
      case 'x':
        return this.#capture(size, MAX_PAX_BYTES, (records) => (this.#pax = decodePaxRecords(records)));
      case 'g':
        return this.#capture(size, MAX_PAX_BYTES, (records) => {
          this.#globalPax = merged(this.#globalPax, decodePaxRecords(records));
          if (this.#globalPax.size > MAX_GLOBAL_RECORDS) {
            throw new OciError('too-large', 'cannot read tar archive: it has too many global PAX records');
          }
        });
      default:
        return this.#takeMember(block, at, flag);
    }
  }

  #takeMember(block: Buffer, at: number, flag: string): void {
    const { header, stored } = decodeHeader(block, at, {
      pax: this.#pax === undefined ? this.#globalPax : merged(this.#globalPax, this.#pax),
      ...(this.#longName === undefined ? {} : { longName: this.#longName }),
      ...(this.#longLink === undefined ? {} : { longLink: this.#longLink }),
    });
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#pax = undefined;
    const sink = this.#visit(header) ?? undefined;
    if (sink === undefined) {
      if (flag === 'S' && block[at + SPARSE_EXTENDED_IN_HEADER] === 1) this.#sparseStored = stored;
      else this.#skip = paddedSize(stored);
    } else if (header.type === 'file') {
      this.#capture(stored, this.#bodyLimit, sink, header.path);
    } else {
      throw new OciError(
        'unsupported',
        `cannot read ${JSON.stringify(header.path)} from tar archive: it is a ${header.type}, not a regular file`,
      );
    }
  }

  /** Old GNU sparse maps go on in blocks of their own, each of which says whether another follows. */
  #takeSparseExtension(block: Buffer, at: number, stored: number): void {
    if (block[at + SPARSE_EXTENDED_IN_EXTENSION] === 1) return;
    this.#sparseStored = undefined;
    this.#skip = paddedSize(stored);
  }

  #capture(size: number, limit: number, sink: BodySink, path?: string): void {
    if (size > limit) {
      const what = path === undefined ? 'a long name or PAX header' : JSON.stringify(path);
      throw new OciError(
        'too-large',
        `cannot read ${what} from tar archive: it has ${size} bytes, more than the ${limit} allowed`,
      );
    }
    if (size === 0) sink(new Uint8Array(0));
    else this.#body = { contents: new Uint8Array(size), filled: 0, sink };
  }
}

/** Contents being collected. */
interface Body {
  readonly contents: Uint8Array;
  readonly sink: BodySink;
  filled: number;
}

const NO_RECORDS: ReadonlyMap<string, Uint8Array> = new Map();
/** Far above PATH_MAX (4096). */
const MAX_NAME_BYTES = 64 * 1024;
/** Room for several extended attributes of the largest size that Linux has (64 KiB). */
const MAX_PAX_BYTES = 1024 * 1024;
/** Global headers add up; without a limit a small archive could fill the memory. */
const MAX_GLOBAL_RECORDS = 64;
const SPARSE_EXTENDED_IN_HEADER = 482;
const SPARSE_EXTENDED_IN_EXTENSION = 504;

/** Records of an extended header win over global ones; an empty value takes a global one back (POSIX.1-2001). */
function merged(
  global: ReadonlyMap<string, Uint8Array>,
  own: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  const records = new Map(global);
  for (const [key, value] of own) {
    if (value.length === 0 && !key.includes('.xattr.')) records.delete(key);
    else records.set(key, value);
  }
  return records;
}

function withoutTerminator(name: Uint8Array): Uint8Array {
  const zero = name.indexOf(0);
  return zero < 0 ? name : name.subarray(0, zero);
}

function isZero(block: Buffer, at: number): boolean {
  // Members begin with their name; only an end mark or a broken header begins with a zero byte.
  if (block[at] !== 0) return false;
  for (let index = at; index < at + BLOCK; index += 1) {
    if (block[index] !== 0) return false;
  }
  return true;
}

function malformed(reason: string): OciError {
  return new OciError('malformed', `cannot read tar archive: ${reason}`);
}
