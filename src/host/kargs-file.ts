import { HostError } from './host-error.ts';
import { splitKernelArguments } from './kernel-arguments.ts';

/** Names that bootc compares: Rust's, by Node's; `amd64` and `arm64` never match (host-contract §4.1). */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'powerpc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  arm: 'arm',
  loong64: 'loongarch64',
};

const TOKEN =
  /[ \t\r\n]+|#[^\n]*|(?<mark>[=,[\]])|"(?<basic>(?:[^"\\\n]|\\.)*)"|'(?<literal>[^'\n]*)'|(?<bare>[A-Za-z0-9_-]+)/y;

/**
 * Reads a file of /usr/lib/bootc/kargs.d: the arguments that it gives to a machine of Node's `architecture`. The
 * format is two keys with lists of strings, of which any other key is an error, as for bootc itself, which would fail
 * to stage the image.
 *
 * @throws {HostError} `unreadable`
 */
export function parseKargsFile(text: string, architecture: string, name = 'kargs.d'): readonly string[] {
  const lists = new KargsReader(text, name).read();
  const matching = lists.get('match-architectures');
  if (matching !== undefined && !matching.includes(ARCHITECTURES[architecture] ?? architecture)) return [];
  const kargs = lists.get('kargs');
  if (kargs === undefined) return refuse(name, 'the key kargs must be there');
  // One string may hold several arguments, and an argument with blanks stands in quotes.
  return splitKernelArguments(kargs.join(' '));
}

interface Token {
  readonly kind: 'mark' | 'string' | 'key' | 'end';
  readonly text: string;
}

class KargsReader {
  readonly #tokens: readonly Token[];
  readonly #name: string;
  #at = 0;

  constructor(text: string, name: string) {
    this.#name = name;
    this.#tokens = [...tokensOf(text, name)];
  }

  read(): ReadonlyMap<string, readonly string[]> {
    const lists = new Map<string, readonly string[]>();
    while (this.#next.kind !== 'end') {
      const key = this.#take();
      const known = key.text === 'kargs' || key.text === 'match-architectures';
      if (!known || key.kind === 'mark') return refuse(this.#name, `${key.text} is no key of it`);
      if (lists.has(key.text)) return refuse(this.#name, `the key ${key.text} stands there twice`);
      this.#mark('=');
      lists.set(key.text, this.#list());
    }
    return lists;
  }

  #list(): readonly string[] {
    const strings: string[] = [];
    this.#mark('[');
    while (this.#next.text !== ']' || this.#next.kind !== 'mark') {
      const token = this.#take();
      if (token.kind !== 'string')
        return refuse(this.#name, `a list must hold strings, received ${token.text}`);
      strings.push(token.text);
      if (this.#next.text === ']' && this.#next.kind === 'mark') break;
      this.#mark(',');
    }
    this.#mark(']');
    return strings;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: 'the end' };
  }

  #take(): Token {
    const token = this.#next;
    this.#at++;
    return token;
  }

  #mark(mark: string): void {
    const token = this.#take();
    if (token.kind !== 'mark' || token.text !== mark) {
      refuse(this.#name, `there must be ${mark}, received ${token.text}`);
    }
  }
}

function* tokensOf(text: string, name: string): Generator<Token> {
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null)
      return refuse(name, `it cannot be read at ${JSON.stringify(text.slice(at, at + 20))}`);
    at = TOKEN.lastIndex;
    const { mark, basic, literal, bare } = found.groups ?? {};
    if (mark !== undefined) yield { kind: 'mark', text: mark };
    if (bare !== undefined) yield { kind: 'key', text: bare };
    if (literal !== undefined) yield { kind: 'string', text: literal };
    if (basic !== undefined) yield { kind: 'string', text: unescaped(basic, name) };
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
};

function unescaped(text: string, name: string): string {
  return text.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs,
    (escape: string, short, long, one) => {
      const digits = (short ?? long) as string | undefined;
      const point = digits === undefined ? undefined : Number.parseInt(digits, 16);
      const isScalar = point !== undefined && point <= 0x10_ff_ff && !(point >= 0xd8_00 && point <= 0xdf_ff);
      if (isScalar) return String.fromCodePoint(point);
      return ESCAPES[one as string] ?? refuse(name, `${escape} is no escape`);
    },
  );
}

function refuse(name: string, reason: string): never {
  const facts = { tool: 'bootc', field: name, value: reason.slice(0, 120) };
  throw new HostError(
    'unreadable',
    `cannot read the kernel arguments in ${name}: ${reason.slice(0, 200)}`,
    facts,
  );
}
