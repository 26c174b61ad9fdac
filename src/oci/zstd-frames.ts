import { OciError } from './oci-error.ts';

/**
 * Cuts a zstd stream at the ends of its frames (RFC 8878 §3.1) without decompressing anything. Needed because Node's
 * decompressor silently drops what follows the end of a frame within one write, and the `zstd:chunked` layers that
 * podman pushes have a frame per file.
 */
export class ZstdFrameCutter {
  #state: State = 'magic';
  /** The little-endian field being collected, as far as it has come. */
  readonly #field: Buffer = Buffer.alloc(MAX_FIELD);
  #have = 0;
  #need = 4;
  /** Bytes of the block or skippable frame still to step over. */
  #left = 0;
  #checksum = false;

  /** The parts of the chunk, in order, each within one frame. No bytes are copied. */
  cut(chunk: Uint8Array): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      at += this.#step(chunk, at);
      if (this.#state !== 'magic' || this.#have > 0) continue;
      pieces.push(chunk.subarray(from, at));
      from = at;
    }
    if (from < at) pieces.push(chunk.subarray(from, at));
    return pieces;
  }

  /** Says that no more bytes come. Throws an {@link OciError} with code `truncated` within a frame. */
  end(): void {
    if (this.#state === 'magic' && this.#have === 0) return;
    throw new OciError('truncated', 'cannot decompress zstd data: it ends within a frame');
  }

  /** Takes the next bytes of a field or of something to step over; returns how many. */
  #step(chunk: Uint8Array, at: number): number {
    if (this.#left > 0) {
      const step = Math.min(this.#left, chunk.length - at);
      this.#left -= step;
      if (this.#left === 0) this.#afterContent();
      return step;
    }
    const step = Math.min(this.#need - this.#have, chunk.length - at);
    this.#field.set(chunk.subarray(at, at + step), this.#have);
    this.#have += step;
    if (this.#have === this.#need) this.#afterField();
    return step;
  }

  #afterField(): void {
    const field = this.#field;
    switch (this.#state) {
      case 'magic': {
        const magic = field.readUInt32LE(0);
        if (magic === FRAME_MAGIC) this.#expect('descriptor', 1);
        else if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) this.#expect('skippable-size', 4);
        else
          throw new OciError(
            'malformed',
            'cannot decompress zstd data: a frame does not begin with the magic number',
          );
        break;
      }
      case 'skippable-size':
        this.#expect('skippable', 0);
        this.#left = field.readUInt32LE(0);
        if (this.#left === 0) this.#afterContent();
        break;
      case 'descriptor': {
        const descriptor = field.readUInt8(0);
        this.#checksum = (descriptor & 0x04) !== 0;
        const rest = headerRest(descriptor);
        this.#expect(rest > 0 ? 'header' : 'block-header', rest > 0 ? rest : 3);
        break;
      }
      case 'header':
        this.#expect('block-header', 3);
        break;
      case 'block-header': {
        const header = field.readUIntLE(0, 3);
        this.#expect((header & 1) === 1 ? 'last-block' : 'block', 0);
        // A run-length block stores one byte however long it is.
        this.#left = ((header >> 1) & 3) === 1 ? 1 : header >> 3;
        if (this.#left === 0) this.#afterContent();
        break;
      }
      case 'checksum':
        this.#expect('magic', 4);
        break;
      case 'block':
      case 'last-block':
      case 'skippable':
        break;
    }
  }

  #afterContent(): void {
    if (this.#state === 'block') this.#expect('block-header', 3);
    else if (this.#state === 'last-block' && this.#checksum) this.#expect('checksum', 4);
    else this.#expect('magic', 4);
  }

  #expect(state: State, need: number): void {
    this.#state = state;
    this.#need = need;
    this.#have = 0;
  }
}

type State =
  | 'magic'
  | 'descriptor'
  | 'header'
  | 'block-header'
  | 'block'
  | 'last-block'
  | 'checksum'
  | 'skippable-size'
  | 'skippable';

const FRAME_MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
/** The longest field: window descriptor, dictionary id and frame content size. */
const MAX_FIELD = 13;

/** The number of header bytes after the frame header descriptor (RFC 8878 §3.1.1.1). */
function headerRest(descriptor: number): number {
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSize = contentSizeFlag === 0 ? Number(singleSegment) : 1 << contentSizeFlag;
  const dictionaryFlag = descriptor & 3;
  const dictionaryId = dictionaryFlag === 3 ? 4 : dictionaryFlag;
  return (singleSegment ? 0 : 1) + dictionaryId + contentSize;
}
