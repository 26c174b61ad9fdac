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
 * section is skipped, a line of 2048 bytes or more is refused. Takes time in proportion to the text, whatever is in it.
 *
 * @param onLook is told how many characters were looked at, which is what takes the time
 */
export function parseUnit(text: string, onLook: (characters: number) => void = () => undefined): UnitParse {
  return new UnitParser(text, onLook).parse();
}

/** What systemd takes for the longest line, in bytes. */
const LINE_MAX = 2048;
const TOO_LONG = `line too long (max ${LINE_MAX} bytes)`;
/** The line check of the real tool looks into a read buffer of this size, so where it strikes depends on it. */
const BUFFER = 4096;
const NEWLINE = /[\r\n]/;
const SPACE = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

class UnitParser {
  readonly #text: string;
  readonly #onLook: (characters: number) => void;
  readonly #byteAt: (index: number) => number;
  readonly #bytes: number;
  #at = 0;
  #buffered = 0;
  /** The end of the line at `#at`, when it is known: not before `#at`. */
  #newline = -1;
  readonly #options: UnitOption[] = [];

  constructor(text: string, onLook: (characters: number) => void) {
    this.#text = text;
    this.#onLook = onLook;
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
      this.#onLook(1);
      if (char === '[') {
        this.#advance(this.#at + 1);
        const next = this.#sectionHeader();
        if ('problem' in next) return next.problem;
        section = next.name;
      } else if (char === '#' || char === ';') {
        this.#advance(this.#at + 1);
        if (!this.#skipComment()) return TOO_LONG;
      } else if (section === undefined || isSpace(char)) {
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
    const close = this.#find(']');
    if (close === -1) return { problem: 'unable to find end of section' };
    const name = this.#text.slice(this.#at, close);
    this.#advance(close + 1);
    if (this.#lineTooLong()) return { problem: TOO_LONG };
    const garbage = this.#trim(this.#line());
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
    this.#onLook(stop === -1 ? this.#text.length - start : stop);
    if (stop === -1) return 'EOF';
    if (this.#text[start + stop] !== '=') return 'unexpected newline encountered while parsing option name';
    const name = this.#trim(this.#text.slice(start, start + stop));
    // A name is read rune by rune, so the buffer fills anew only when it is used up.
    this.#fill(start + stop + 1);
    this.#at = start + stop + 1;
    let value = '';
    for (;;) {
      if (this.#lineTooLong()) return TOO_LONG;
      const line = this.#line();
      if (this.#trim(line) === '') break;
      value += line;
      if (!line.endsWith('\\')) break;
      if (this.#text[this.#at - 1] === '\n') value += '\n';
    }
    const kept = this.#trim(value) + (value.endsWith('\n') ? '\n' : '');
    this.#options.push({ section, name, value: kept });
    return undefined;
  }

  /** The rest of the line, without its newline. */
  #line(): string {
    const newline = this.#find('\n');
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
    const newline = this.#endOfLine();
    return newline === Number.POSITIVE_INFINITY || this.#byteAt(newline) - from >= LINE_MAX;
  }

  /** Where the line ends; what white space is skipped by asks once for each of its characters. */
  #endOfLine(): number {
    if (this.#newline < this.#at) {
      const found = this.#text.slice(this.#at).search(NEWLINE);
      this.#newline = found === -1 ? Number.POSITIVE_INFINITY : this.#at + found;
      this.#onLook(found === -1 ? this.#text.length - this.#at : found);
    }
    return this.#newline;
  }

  /** Where a character comes next; -1 if it does not. */
  #find(char: string): number {
    const found = this.#text.indexOf(char, this.#at);
    this.#onLook((found === -1 ? this.#text.length : found) - this.#at);
    return found;
  }

  /** From both ends: a pattern would look for the end of the text in every run of blanks, from each blank on. */
  #trim(text: string): string {
    let start = 0;
    let end = text.length;
    while (start < end && isSpace(text[start] ?? '')) start += 1;
    while (end > start && isSpace(text[end - 1] ?? '')) end -= 1;
    this.#onLook(start + text.length - end + 1);
    return text.slice(start, end);
  }
}

function isSpace(char: string): boolean {
  return SPACE.test(char);
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
