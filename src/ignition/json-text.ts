import { goQuoteChar } from './go-quote.ts';

/**
 * JSON text read with the place of every value and key. `JSON.parse` will not do: reports name lines and columns,
 * duplicate keys must be seen, and syntax errors carry the wording of the real tool.
 */
export class JsonObject {
  readonly keys: string[] = [];
  readonly keyStarts: number[] = [];
  readonly values: unknown[] = [];
  readonly starts: number[] = [];
}

export class JsonArray {
  readonly values: unknown[] = [];
  readonly starts: number[] = [];
}

/** A number that is no safe integer literal: kept as it was written. */
export class JsonNumber {
  readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }
}

/** `start` of a scalar is its first character, of an object or array the character after its bracket (as reported). */
export interface JsonText {
  readonly value: unknown;
  readonly start: number;
}

/** A syntax error with Go's wording; `offset` (UTF-16 units) is that of the offending character. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

/** Nesting deeper than this is refused, so that hostile input cannot exhaust the stack. */
const MAX_DEPTH = 1000;

/** Reads one JSON text. @throws {@link JsonSyntaxError} */
export function readJson(text: string): JsonText {
  return new Reader(text).document();
}

/** What Go's decoder says of a text that is not valid JSON; undefined if it is. */
export function jsonSyntaxMessage(text: string): string | undefined {
  try {
    readJson(text);
    return undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

/** The end of the scalar that starts here. */
export function scalarEnd(text: string, start: number): number {
  if (text[start] !== '"') return start + (/^[-+.\w]*/.exec(text.slice(start))?.[0].length ?? 0);
  let end = text.indexOf('"', start + 1);
  while (escaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function escaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

const CONTROL = /[\u0000-\u001f]/; // oxlint-disable-line no-control-regex
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonText {
    this.#space();
    const start = this.#markerHere();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return { value, start };
  }

  /** Where reports point for the value that starts here. */
  #markerHere(): number {
    const char = this.#text[this.#at];
    return char === '{' || char === '[' ? this.#at + 1 : this.#at;
  }

  #value(): unknown {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new JsonSyntaxError('exceeded max depth', this.#at);
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object = new JsonObject();
    this.#space();
    if (this.#take('}')) return object;
    for (;;) {
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      object.keyStarts.push(this.#at);
      object.keys.push(this.#string());
      this.#space();
      if (!this.#take(':')) this.#fail('after object key');
      this.#space();
      object.starts.push(this.#markerHere());
      object.values.push(this.#value());
      this.#space();
      if (this.#take('}')) return object;
      if (!this.#take(',')) this.#fail('after object key:value pair');
      this.#space();
    }
  }

  #array(): JsonArray {
    const array = new JsonArray();
    this.#space();
    if (this.#take(']')) return array;
    for (;;) {
      array.starts.push(this.#markerHere());
      array.values.push(this.#value());
      this.#space();
      if (this.#take(']')) return array;
      if (!this.#take(',')) this.#fail('after array element');
      this.#space();
    }
  }

  #string(): string {
    const start = this.#at + 1;
    const quote = this.#text.indexOf('"', start);
    const plain = this.#text.slice(start, quote === -1 ? undefined : quote);
    if (quote !== -1 && !plain.includes('\\') && !CONTROL.test(plain)) {
      this.#at = quote + 1;
      return plain;
    }
    return this.#escapedString(start);
  }

  #escapedString(start: number): string {
    let value = '';
    this.#at = start;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at++;
        return value.toWellFormed();
      }
      if (char === undefined || char < ' ') this.#fail('in string literal');
      this.#at++;
      value += char === '\\' ? this.#escape() : char;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at];
    if (letter === 'u') {
      this.#at++;
      const start = this.#at;
      while (this.#at < start + 4) {
        if (!/^[0-9a-fA-F]$/.test(this.#text[this.#at] ?? ''))
          this.#fail('in \\u hexadecimal character escape');
        this.#at++;
      }
      return String.fromCharCode(Number.parseInt(this.#text.slice(start, this.#at), 16));
    }
    const value = ESCAPES.get(letter ?? '');
    if (value === undefined) return this.#fail('in string escape code');
    this.#at++;
    return value;
  }

  #word<T>(word: string, value: T): T {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected)
        this.#fail(`in literal ${word} (expecting ${goQuoteChar(expected)})`);
      this.#at++;
    }
    return value;
  }

  #number(): number | JsonNumber {
    const start = this.#at;
    if (this.#take('-') && !isDigit(this.#text[this.#at])) this.#fail('in numeric literal');
    if (!isDigit(this.#text[this.#at])) this.#fail('looking for beginning of value');
    if (!this.#take('0')) this.#digits();
    if (this.#take('.')) {
      if (!isDigit(this.#text[this.#at])) this.#fail('after decimal point in numeric literal');
      this.#digits();
    }
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-');
      if (!isDigit(this.#text[this.#at])) this.#fail('in exponent of numeric literal');
      this.#digits();
    }
    const literal = this.#text.slice(start, this.#at);
    const value = Number(literal);
    return Number.isSafeInteger(value) && /^-?\d+$/.test(literal) ? value : new JsonNumber(literal);
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at])) this.#at++;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char !== ' ' && char !== '\n' && char !== '\t' && char !== '\r') return;
      this.#at++;
    }
  }

  #fail(context: string): never {
    const char = this.#text.slice(this.#at, this.#at + 2);
    // At the end the real scanner tries a space before it gives up: it fits between tokens and in strings only.
    if (char === '' && !/^(?:in (?!string literal)|after decimal)/.test(context))
      throw new JsonSyntaxError('unexpected end of JSON input', this.#at);
    // It works on bytes, and shows the first one.
    const shown = String.fromCharCode(Buffer.from(char)[0] ?? 0x20);
    throw new JsonSyntaxError(`invalid character ${goQuoteChar(shown)} ${context}`, this.#at);
  }
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}
