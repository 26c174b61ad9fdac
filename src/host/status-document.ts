import { HostError } from './host-error.ts';

const MAX_SHOWN = 120;

/**
 * A part of what a tool printed as JSON, read member by member: what matters must be there and of its kind, unknown
 * members are nobody's business. Each error names the tool, the field and the value (architecture D9).
 */
export class StatusDocument {
  readonly #tool: string;
  readonly #path: string;
  readonly #value: unknown;

  private constructor(tool: string, path: string, value: unknown) {
    this.#tool = tool;
    this.#path = path;
    this.#value = value;
  }

  /** @throws {HostError} `unreadable` when the text is no JSON, as of a tool that was killed while it printed. */
  static parse(tool: string, text: string): StatusDocument {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      const facts = { tool, field: '', value: shown(text), cause };
      throw new HostError(
        'unreadable',
        `cannot read the status of ${tool}: it is no JSON: ${shown(text)}`,
        facts,
      );
    }
    return StatusDocument.of(tool, value);
  }

  static of(tool: string, value: unknown): StatusDocument {
    return new StatusDocument(tool, '', value);
  }

  /** The member's value; absent and null are the same everywhere in these documents. */
  optional(name: string): StatusDocument | undefined {
    const value = this.#object()[name];
    if (value === undefined || value === null) return undefined;
    const path = this.#path === '' ? name : `${this.#path}.${name}`;
    return new StatusDocument(this.#tool, path, value);
  }

  member(name: string): StatusDocument {
    const member = this.optional(name);
    return member ?? this.#child(name).fail('must be there');
  }

  string(): string {
    return typeof this.#value === 'string' ? this.#value : this.fail('must be a string');
  }

  boolean(): boolean {
    return typeof this.#value === 'boolean' ? this.#value : this.fail('must be true or false');
  }

  integer(): number {
    const value = this.#value;
    return Number.isSafeInteger(value) ? (value as number) : this.fail('must be an integer');
  }

  /** A string of the given form. */
  matching(form: RegExp, what: string): string {
    const text = this.string();
    return form.test(text) ? text : this.fail(`must be ${what}`);
  }

  items(): readonly StatusDocument[] {
    const value = this.#value;
    if (!Array.isArray(value)) return this.fail('must be a list');
    return value.map((item: unknown, index) => {
      return new StatusDocument(this.#tool, `${this.#path}[${index}]`, item);
    });
  }

  /** A list's strings, or those of an absent list: none. */
  strings(name: string): readonly string[] {
    return (
      this.optional(name)
        ?.items()
        .map((item) => item.string()) ?? []
    );
  }

  isTrue(name: string): boolean {
    return this.optional(name)?.boolean() ?? false;
  }

  text(name: string): string | undefined {
    return this.optional(name)?.string();
  }

  /** Whether the member stands there, be it null. */
  has(name: string): boolean {
    return Object.hasOwn(this.#object(), name);
  }

  isString(): boolean {
    return typeof this.#value === 'string';
  }

  /** Whether it is a list or an object that holds nothing. */
  isEmpty(): boolean {
    return typeof this.#value === 'object' && Object.keys(this.#value ?? {}).length === 0;
  }

  fail(rule: string): never {
    const value = shown(JSON.stringify(this.#value) ?? 'nothing');
    const message = `cannot read the status of ${this.#tool}: ${this.#path || 'it'} ${rule}, received ${value}`;
    throw new HostError('unreadable', message, { tool: this.#tool, field: this.#path, value });
  }

  #child(name: string): StatusDocument {
    return new StatusDocument(this.#tool, this.#path === '' ? name : `${this.#path}.${name}`, undefined);
  }

  #object(): Readonly<Record<string, unknown>> {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail('must be an object');
    }
    return value as Readonly<Record<string, unknown>>;
  }
}

function shown(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length <= MAX_SHOWN ? line : `${line.slice(0, MAX_SHOWN)}…`;
}
