import { KubeError } from './kube-error.ts';

/**
 * The lines of a stream of bytes, without their ends, each batch as it arrives. A line longer than `limit` bytes is
 * an error and not a buffer that grows.
 *
 * @throws KubeError `malformed`
 */
export class LineSplitter {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10, from); end >= 0; end = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, end);
      const line = this.#parts.length === 0 ? piece : this.#join(piece);
      if (line.length > this.#limit) throw this.#tooLong();
      if (line.length > 0) lines.push(line.toString('utf8'));
      from = end + 1;
    }
    if (from < chunk.length) {
      // A copy: the chunk may be part of a far larger buffer, which would stay as long as the line is incomplete.
      const rest = Buffer.from(chunk.subarray(from));
      this.#parts.push(rest);
      this.#length += rest.length;
      if (this.#length > this.#limit) throw this.#tooLong();
    }
    return lines;
  }

  #join(piece: Buffer): Buffer {
    const line = Buffer.concat([...this.#parts, piece]);
    this.#parts = [];
    this.#length = 0;
    return line;
  }

  #tooLong(): KubeError {
    return new KubeError('malformed', `cannot read the stream: a line has more than ${this.#limit} bytes`);
  }
}
