import { goQuote } from './go-quote.ts';

/** One `name=value` of a unit file. A continued value keeps its backslashes and newlines. */
export interface UnitOption {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

export type UnitParse =
  | { readonly ok: true; readonly options: readonly UnitOption[] }
  | { readonly ok: false; readonly message: string };

/**
 * Parses a systemd unit file as the real validator does, with its wording and its leniency: text before the first
 * section is skipped, a line of 2048 bytes or more is refused.
 */
export function parseUnit(text: string): UnitParse {
  return new UnitParser(text).parse();
}

/** What systemd takes for the longest line, in bytes. */
const LINE_MAX = 2048;
const TOO_LONG = `line too long (max ${LINE_MAX} bytes)`;
/** The line check of the real tool looks into a read buffer of this size, so where it strikes depends on it. */
const BUFFER = 4096;
const NEWLINE = /[\r\n]/;
const SPACE = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const IS_SPACE = new RegExp(`^[${SPACE}]$`);
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g');

class UnitParser {
  readonly #text: string;
  readonly #byteAt: (index: number) => number;
  readonly #bytes: number;
  #at = 0;
  #buffered = 0;
  readonly #options: UnitOption[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#bytes = Buffer.byteLength(text);
    this.#byteAt = this.#bytes === text.length ? (index) => index : byteOffsets(text);
  }

  parse(): UnitParse {
    const message = this.#sections();
    return message === undefined ? { ok: true, options: this.#options } : { ok: false, message };
  }

  /** Reads to the end; answers what stopped it early. */
  #sections(): string | undefined {
    let section: string | undefined;
    while (this.#at < this.#text.length) {
      if (this.#lineTooLong()) return TOO_LONG;
      this.#fill(this.#at + 1);
      const char = this.#text[this.#at] ?? '';
      if (char === '[') {
        this.#advance(this.#at + 1);
        const next = this.#sectionHeader();
        if ('problem' in next) return next.problem;
        section = next.name;
      } else if (char === '#' || char === ';') {
        this.#advance(this.#at + 1);
        if (!this.#skipComment()) return TOO_LONG;
      } else if (section === undefined || IS_SPACE.test(char)) {
        this.#advance(this.#at + 1);
      } else {
        const problem = this.#option(section);
        if (problem !== undefined) return problem;
      }
    }
    return undefined;
  }

  #sectionHeader(): { readonly name: string } | { readonly problem: string } {
    if (this.#lineTooLong()) return { problem: TOO_LONG };
    const close = this.#text.indexOf(']', this.#at);
    if (close === -1) return { problem: 'unable to find end of section' };
    const name = this.#text.slice(this.#at, close);
    this.#advance(close + 1);
    if (this.#lineTooLong()) return { problem: TOO_LONG };
    const garbage = trim(this.#line());
    // The real tool names no section here.
    return garbage === '' ? { name } : { problem: `found garbage after section name : ${goQuote(garbage)}` };
  }

  /** False when the line is too long. */
  #skipComment(): boolean {
    if (this.#lineTooLong()) return false;
    let line: string;
    do {
      line = this.#line();
      if (line.endsWith(' ')) line = line.slice(0, -1);
    } while (line.endsWith('\\'));
    return true;
  }

  #option(section: string): string | undefined {
    if (this.#lineTooLong()) return TOO_LONG;
    const start = this.#at;
    const stop = this.#text.slice(start).search(/[=\r\n]/);
    if (stop === -1) return 'EOF';
    if (this.#text[start + stop] !== '=') return 'unexpected newline encountered while parsing option name';
    const name = trim(this.#text.slice(start, start + stop));
    // A name is read rune by rune, so the buffer fills anew only when it is used up.
    this.#fill(start + stop + 1);
    this.#at = start + stop + 1;
    let value = '';
    for (;;) {
      if (this.#lineTooLong()) return TOO_LONG;
      const line = this.#line();
      if (trim(line) === '') break;
      value += line;
      if (!line.endsWith('\\')) break;
      if (this.#text[this.#at - 1] === '\n') value += '\n';
    }
    const kept = trim(value) + (value.endsWith('\n') ? '\n' : '');
    this.#options.push({ section, name, value: kept });
    return undefined;
  }

  /** The rest of the line, without its newline. */
  #line(): string {
    const newline = this.#text.indexOf('\n', this.#at);
    const start = this.#at;
    this.#advance(newline === -1 ? this.#text.length : newline + 1);
    const line = this.#text.slice(start, newline === -1 ? undefined : newline);
    return newline === -1 && line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  /** Fills the imagined read buffer as reading rune by rune up to here does. */
  #fill(to: number): void {
    const end = this.#byteAt(to);
    while (this.#buffered < end) this.#buffered = Math.min(this.#bytes, this.#buffered + BUFFER);
  }

  /** Moves on as reading up to a delimiter does: what is unread stays in the imagined read buffer. */
  #advance(to: number): void {
    let from = this.#byteAt(this.#at);
    const end = this.#byteAt(to);
    while (this.#buffered < end) {
      if (this.#buffered - from >= BUFFER) from = this.#buffered;
      this.#buffered = Math.min(this.#bytes, from + BUFFER);
    }
    this.#at = to;
  }

  #lineTooLong(): boolean {
    if (this.#bytes < LINE_MAX) return false;
    const from = this.#byteAt(this.#at);
    if (this.#buffered - from < LINE_MAX) return false;
    const newline = this.#text.slice(this.#at, this.#at + LINE_MAX).search(NEWLINE);
    return newline === -1 || this.#byteAt(this.#at + newline) - from >= LINE_MAX;
  }
}

function byteOffsets(text: string): (index: number) => number {
  const offsets = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    offsets[i] = bytes;
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    // Each half of a surrogate pair counts for half of its four bytes.
    else bytes += code >= 0xd800 && code <= 0xdfff ? 2 : 3;
  }
  offsets[text.length] = bytes;
  return (index) => offsets[index] ?? bytes;
}

function trim(text: string): string {
  return text.replaceAll(EDGES, '');
}
