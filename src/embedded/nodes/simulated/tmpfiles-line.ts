/** A line of a tmpfiles.d file (tmpfiles.d(5)), with quotes, escapes and specifiers resolved. */
export interface TmpfilesItem {
  /** One letter. */
  readonly type: string;
  /** `+`: overwrites, appends or merges, by type. */
  readonly force: boolean;
  /** `=`: what is of another type is removed first. */
  readonly replaceType: boolean;
  readonly path: string;
  readonly mode: number | undefined;
  /** `:` before the mode: only for what is created. */
  readonly modeOnCreation: boolean;
  /** `~` before the mode: of what is there already only bits are taken away. */
  readonly maskMode: boolean;
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** `:` before a name: only for what is created. */
  readonly userOnCreation: boolean;
  readonly groupOnCreation: boolean;
  readonly argument: Buffer | undefined;
}

/** What `%` and a letter stand for on a machine; undefined for a letter that means nothing. */
export type Specifier = (letter: string) => string | undefined;

/** Lines of attributes, access lists and ages: nothing of what a machine here has. */
const IGNORED = 'tThHaAxX';
const KNOWN = `fFdDevqQLCwrRzZ${IGNORED}`;

/** Reads a line; undefined for one that says nothing, cannot be read or is of a kind that a machine here does not have. */
export function parseTmpfilesLine(line: string, specifier: Specifier): TmpfilesItem | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const { words, rest } = splitWords(text, 6);
  const [action = '', rawPath = '', mode = '-', user = '-', group = '-'] = words;
  const [, type = '', modifiers = ''] = /^([a-zA-Z])([-+!=~^$?]*)$/.exec(action) ?? [];
  if (type === '' || !KNOWN.includes(type) || IGNORED.includes(type) || modifiers.includes('^'))
    return undefined;
  const path = expand(rawPath, specifier);
  if (path === undefined || !path.startsWith('/') || path.split('/').includes('..')) return undefined;
  const given = rest === '' || rest === '-' ? undefined : expand(unescapeC(rest), specifier);
  const [, modeMarks = '', octal] = /^([:~]*)([0-7]{1,5})$/.exec(mode) ?? [];
  return {
    type,
    force: modifiers.includes('+'),
    replaceType: modifiers.includes('='),
    path: path.replaceAll(/\/+/g, '/').replace(/(?!^)\/$/, ''),
    mode: octal === undefined ? undefined : Number.parseInt(octal, 8) & 0o7777,
    modeOnCreation: modeMarks.includes(':'),
    maskMode: modeMarks.includes('~'),
    user: nameOf(user, specifier),
    group: nameOf(group, specifier),
    userOnCreation: user.startsWith(':'),
    groupOnCreation: group.startsWith(':'),
    argument:
      given === undefined ? undefined : Buffer.from(given, modifiers.includes('~') ? 'base64' : 'utf8'),
  };
}

function nameOf(text: string, specifier: Specifier): string | undefined {
  const name = text.replace(/^:/, '');
  return name === '-' || name === '' ? undefined : expand(name, specifier);
}

function expand(text: string, specifier: Specifier): string | undefined {
  let isKnown = true;
  const expanded = text.replaceAll(/%(.?)/gs, (whole, letter: string) => {
    if (letter === '%') return '%';
    const value = specifier(letter);
    isKnown &&= value !== undefined;
    return value ?? whole;
  });
  return isKnown ? expanded : undefined;
}

/** The first words, quotes and escapes resolved, and what stands after them as it is. */
function splitWords(
  text: string,
  count: number,
): { readonly words: readonly string[]; readonly rest: string } {
  const words: string[] = [];
  let at = 0;
  while (words.length < count && at < text.length) {
    let word = '';
    let quote = '';
    for (; at < text.length; at += 1) {
      const character = text[at] ?? '';
      if (character === '\\') {
        word += character + (text[at + 1] ?? '');
        at += 1;
      } else if (quote !== '') {
        if (character === quote) quote = '';
        else word += character;
      } else if (character === '"' || character === "'") quote = character;
      else if (/\s/.test(character)) break;
      else word += character;
    }
    words.push(unescapeC(word));
    while (at < text.length && /\s/.test(text[at] ?? '')) at += 1;
  }
  return { words, rest: text.slice(at) };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
};

/** C escapes; those of bytes are of one byte each, so that UTF-8 can be spelt with them. */
function unescapeC(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = text.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|(.))|[^\\]+/gs,
    (whole, hex?: string, octal?: string, point?: string, one?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (point !== undefined) return latin(String.fromCodePoint(Number.parseInt(point, 16)));
      return latin(one === undefined ? whole : (ESCAPES[one] ?? one));
    },
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function latin(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
