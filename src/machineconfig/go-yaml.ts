import { compareKeys } from './go-yaml-keys.ts';
import { readsAsString } from './go-yaml-resolve.ts';
import { chooseStyle, escapeCodePoint, formatNumber, literalHeader } from './go-yaml-scalar.ts';
import type { JsonObject, JsonValue } from '../ignition/index.ts';

/** The emitter folds a plain or quoted scalar at the first space after this column. */
const BEST_WIDTH = 80;
const INDENT = 2;
/** Longer keys, and keys with a line break, are written as `? key` and `: value`. */
const MAX_SIMPLE_KEY_BYTES = 128;

const ANY_BREAK = /[\n\r\x85\u2028\u2029]/;
const UNICODE_BREAKS = /([\u2028\u2029]+)/;
const LINE_STARTS = /([\n\u2028\u2029])(?=[^\n\u2028\u2029])/g;
/** What double quotes hold without an escape, spaces apart. */
const QUOTED_RUN = /[!#-[\]-~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]+/y;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * A JSON value as YAML, byte for byte as gopkg.in/yaml.v2 v2.4.0 writes it: sorted keys, sequences not indented
 * below their key, `|` for strings of several lines, folding after column 80 (contract §2.6).
 * Numbers are those that a Go program reads from JSON; a lone surrogate becomes U+FFFD, as in Go. Ends with a newline.
 */
export function toGoYaml(value: JsonValue): string {
  const emitter = new Emitter();
  emitter.document(value);
  return emitter.text();
}

/** Where a node stands: decides about the indentation of sequences and whether a scalar may be folded. */
type Place = 'root' | 'item' | 'value' | 'key' | 'complex key';

/**
 * The state of libyaml's emitter as far as block style needs it. Text goes to a list of chunks: a long scalar
 * without special characters is one chunk, never copied character by character.
 */
class Emitter {
  readonly #chunks: string[] = [];
  #column = 0;
  /** Negative before the first node. */
  #indent = -1;
  /** The last character was white space, so that what follows needs none. */
  #whitespace = true;
  /** Nothing but indentation and `-`, `?`, `:` so far on this line. */
  #indention = true;

  text(): string {
    return this.#chunks.join('');
  }

  document(value: JsonValue): void {
    this.#node(value, 'root');
    this.#startLine();
  }

  #node(value: JsonValue, place: Place): void {
    if (typeof value === 'string') this.#string(value.toWellFormed(), place);
    else if (typeof value === 'number') this.#word(formatNumber(value));
    else if (typeof value === 'boolean' || value === null) this.#word(String(value));
    else if (isList(value)) this.#sequence(value, place);
    else this.#mapping(value);
  }

  #sequence(items: readonly JsonValue[], place: Place): void {
    if (items.length === 0) {
      this.#word('[]');
      return;
    }
    const outer = this.#indent;
    const indentless = place === 'value' && !this.#indention;
    this.#indent = outer < 0 ? 0 : outer + (indentless ? 0 : INDENT);
    for (const item of items) {
      this.#startLine();
      this.#blockIndicator('-');
      this.#node(item, 'item');
    }
    this.#indent = outer;
  }

  #mapping(members: JsonObject): void {
    const keys = Object.keys(members).sort(compareKeys);
    if (keys.length === 0) {
      this.#word('{}');
      return;
    }
    const outer = this.#indent;
    this.#indent = outer < 0 ? 0 : outer + INDENT;
    for (const key of keys) {
      const text = key.toWellFormed();
      this.#startLine();
      if (isSimpleKey(text)) {
        this.#string(text, 'key');
        this.#quote(':');
      } else {
        this.#blockIndicator('?');
        this.#string(text, 'complex key');
        this.#startLine();
        this.#blockIndicator(':');
      }
      this.#node(members[key] ?? null, 'value');
    }
    this.#indent = outer;
  }

  #string(text: string, place: Place): void {
    const outer = this.#indent;
    this.#indent = outer < 0 ? INDENT : outer + INDENT;
    switch (chooseStyle(text, readsAsString(text))) {
      case 'plain':
        this.#separate();
        this.#folded(text, place);
        this.#endScalar();
        break;
      case 'single':
        this.#separate();
        this.#quote("'");
        this.#singleQuoted(text.replaceAll("'", "''"), place);
        this.#quote("'");
        break;
      case 'double':
        this.#separate();
        this.#quote('"');
        this.#doubleQuoted(text, place);
        this.#quote('"');
        break;
      case 'literal':
        this.#literal(text);
    }
    this.#indent = outer;
  }

  /** A number, boolean, null or empty collection. */
  #word(text: string): void {
    this.#separate();
    this.#put(text);
    this.#endScalar();
  }

  #singleQuoted(text: string, place: Place): void {
    for (const piece of text.split(UNICODE_BREAKS)) {
      if (UNICODE_BREAKS.test(piece)) {
        this.#put(piece);
        this.#column = 0;
        this.#indention = true;
      } else if (piece !== '') {
        if (this.#column === 0) this.#startLine();
        this.#folded(piece, place);
      }
    }
  }

  /** Plain or single-quoted text: a lone space behind column 80 becomes a line break. */
  #folded(text: string, place: Place): void {
    this.#indention = false;
    let start = 0;
    if (place !== 'key' && this.#column + text.length > BEST_WIDTH) {
      const lastIndex = text.length - 1;
      let at = text.indexOf(' ', 1);
      while (at !== -1 && at < lastIndex) {
        if (this.#column + at - start > BEST_WIDTH && text[at - 1] !== ' ' && text[at + 1] !== ' ') {
          this.#put(text.slice(start, at));
          this.#startLine();
          this.#indention = false;
          start = at + 1;
        }
        at = text.indexOf(' ', at + 1);
      }
    }
    this.#put(start === 0 ? text : text.slice(start));
  }

  #doubleQuoted(text: string, place: Place): void {
    // libyaml looks for a byte order mark at the start of the buffer, not at the current character: once the text
    // begins with one, every character of it is escaped.
    const escapeAll = text.codePointAt(0) === BYTE_ORDER_MARK;
    let at = 0;
    while (at < text.length) {
      QUOTED_RUN.lastIndex = at;
      const run = escapeAll ? null : QUOTED_RUN.exec(text);
      if (run !== null) {
        this.#put(run[0]);
        at += run[0].length;
      } else if (text[at] === ' ' && !escapeAll) {
        const folds = place !== 'key' && this.#column > BEST_WIDTH && at > 0 && at < text.length - 1;
        if (folds && text[at - 1] !== ' ') {
          this.#startLine();
          // The break stands for one space; a further one has to be protected from the reader.
          if (text[at + 1] === ' ') this.#put('\\');
        } else this.#put(' ');
        at += 1;
      } else {
        const codePoint = text.codePointAt(at) ?? 0;
        this.#put(escapeCodePoint(codePoint));
        at += codePoint > 0xffff ? 2 : 1;
      }
    }
  }

  #literal(text: string): void {
    this.#separate();
    this.#put(literalHeader(text));
    const padding = ' '.repeat(this.#indent);
    const body = text.replace(LINE_STARTS, `$1${padding}`);
    this.#chunks.push('\n', ANY_BREAK.test(body[0] ?? '') ? '' : padding, body);
    // The column counts only after a text without a final break, where a new line starts in any case.
    this.#indention = ANY_BREAK.test(body.at(-1) ?? '');
    this.#column = this.#indention ? 0 : this.#indent + 1;
    this.#whitespace = true;
  }

  #put(text: string): void {
    this.#chunks.push(text);
    this.#column += text.length;
  }

  #separate(): void {
    if (!this.#whitespace) this.#put(' ');
  }

  #endScalar(): void {
    this.#whitespace = false;
    this.#indention = false;
  }

  /** A quote, or the colon of a simple key: follows without a space. */
  #quote(text: string): void {
    this.#put(text);
    this.#endScalar();
  }

  /** `-`, `?` or `:` at the start of a line: what follows may stay on that line. */
  #blockIndicator(text: string): void {
    this.#separate();
    this.#put(text);
    this.#whitespace = false;
  }

  /** Moves to the indentation of the current level, on a new line unless this one has only indentation so far. */
  #startLine(): void {
    const indent = Math.max(this.#indent, 0);
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#whitespace)) {
      this.#chunks.push('\n');
      this.#column = 0;
    }
    if (this.#column < indent) this.#put(' '.repeat(indent - this.#column));
    this.#whitespace = true;
    this.#indention = true;
  }
}

function isSimpleKey(key: string): boolean {
  if (ANY_BREAK.test(key)) return false;
  return key.length * 3 <= MAX_SIMPLE_KEY_BYTES || Buffer.byteLength(key) <= MAX_SIMPLE_KEY_BYTES;
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}
