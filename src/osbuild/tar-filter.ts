import { type TarHeader, TarScanner } from '../oci/index.ts';

const BLOCK = 512;

/**
 * Leaves members out of a tar archive that arrives in chunks; what stays is what it was, byte for byte. The archive is one that a
 * builder has made: global headers of PAX, which would go with the member after them, are not in it.
 */
export class TarFilter {
  readonly #scanner: TarScanner;
  /** What comes before a member: its header, and those with its long name or its attributes. */
  #pending: Buffer[] = [];
  #partial: Buffer = Buffer.alloc(0);
  /** Bytes of contents, with their padding, that are still to come. */
  #contents = 0;
  #isKept = true;
  #member: TarHeader | undefined;

  constructor(isKept: (header: TarHeader) => boolean) {
    this.#scanner = new TarScanner((header) => {
      this.#member = header;
      this.#isKept = isKept(header);
    });
  }

  /** Takes the next bytes; answers what stays of them. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const bytes = this.#partial.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#partial, chunk]);
    const kept: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#contents > 0) {
        const step = bytes.subarray(at, at + this.#contents);
        this.#contents -= step.length;
        at += step.length;
        this.#scanner.push(step);
        if (this.#isKept) kept.push(step);
      } else if (bytes.length - at < BLOCK) break;
      else {
        kept.push(...this.#takeBlock(bytes.subarray(at, at + BLOCK)));
        at += BLOCK;
      }
    }
    this.#partial = bytes.subarray(at);
    return kept;
  }

  /** The end mark. */
  end(): readonly Uint8Array[] {
    this.#scanner.end();
    return this.#pending;
  }

  #takeBlock(block: Buffer): readonly Uint8Array[] {
    this.#pending.push(block);
    this.#scanner.push(block);
    const member = this.#member;
    if (member === undefined) return [];
    this.#member = undefined;
    this.#contents = member.type === 'file' ? Math.ceil(member.size / BLOCK) * BLOCK : 0;
    const header = this.#pending;
    this.#pending = [];
    return this.#isKept ? header : [];
  }
}
