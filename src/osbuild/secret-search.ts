import { ByteSearch } from './byte-search.ts';
import { base64Forms } from './secret-forms.ts';
import type { SecretValue } from './secret-values.ts';

/** Bytes of a value that are looked for: more would be cut where a tool breaks lines of base64. */
const NEEDLE = 24;
/** Pieces of one value that are looked for. */
const PIECES = 3;
/** Bytes from which on a value is long enough to leave out its beginning. */
const LONG = 4 * NEEDLE;

/** Looks for secrets in what is pushed: as they are, and in base64. */
export class SecretSearch {
  /** By what is looked for. */
  readonly #sources: ReadonlyMap<string, string>;
  readonly #search: ByteSearch;

  constructor(secrets: readonly SecretValue[]) {
    const sources = new Map<string, string>();
    for (const { value, source } of secrets) {
      for (const piece of piecesOf(Buffer.from(value, 'latin1'))) {
        for (const form of [piece.toString('latin1'), ...base64Forms(piece)]) sources.set(form, source);
      }
    }
    this.#sources = sources;
    this.#search = new ByteSearch([...sources.keys()].map((form) => Buffer.from(form, 'latin1')));
  }

  /** Whether there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** Where a secret in a text is from. */
  inText(text: string): string | undefined {
    return this.#sourceOf(this.#search.inBytes(Buffer.from(text)));
  }

  /** The same for the bytes of a file. */
  async inStream(stream: AsyncIterable<Uint8Array>): Promise<string | undefined> {
    return this.#sourceOf(await this.#search.inStream(stream));
  }

  #sourceOf(found: Buffer | undefined): string | undefined {
    return found === undefined ? undefined : this.#sources.get(found.toString('latin1'));
  }
}

/**
 * Some places of a long value, of lines if it is a key: any of them in a file is too much. All keys of a kind begin alike, with what
 * names the kind, and so do tokens and most files: what only has the same beginning is no copy.
 */
function piecesOf(value: Buffer): readonly Buffer[] {
  const lines = value.toString('latin1').split('\n');
  if (lines.length > 1 && lines.every(({ length }) => length >= NEEDLE)) {
    return spread(0, lines.length - 1).map((at) => {
      const line = Buffer.from(lines[at] ?? '', 'latin1');
      return at === 0 ? line : line.subarray(0, NEEDLE);
    });
  }
  if (value.length <= NEEDLE) return [value];
  const last = value.length - NEEDLE;
  const [from, to] = value.length < LONG ? [0, last] : [last / 4, (last / 4) * 3];
  return spread(from, to).map((start) => value.subarray(start, start + NEEDLE));
}

/** Whole numbers from one to another, both included. */
function spread(from: number, to: number): readonly number[] {
  const step = (to - from) / (PIECES - 1);
  return [...new Set(Array.from({ length: PIECES }, (_, at) => Math.round(from + step * at)))];
}
