import { StringDecoder } from 'node:string_decoder';

/** Characters of a line that are kept; progress lines have some hundreds. */
const MAX_LINE = 64 * 1024;

/**
 * Cuts a stream of bytes into lines. A carriage return ends a line too: tools redraw a line with it. Empty lines are
 * left out; of a line beyond 64 Ki characters the rest is dropped, so that a flood without an end costs no memory.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Ends the stream: an unfinished last line is a line. */
  end(): void {
    this.#take(`${this.#decoder.end()}\n`);
  }

  #take(text: string): void {
    const pieces = text.split(/[\r\n]/);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) this.#finish();
      if (this.#line.length < MAX_LINE) this.#line += piece.slice(0, MAX_LINE - this.#line.length);
    }
  }

  #finish(): void {
    const line = this.#line;
    this.#line = '';
    if (line !== '') this.#onLine(line);
  }
}
