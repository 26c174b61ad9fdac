/** What a registry of a registries.conf, version 2, says; absent members are as containers-registries.conf(5) has them. */
export interface RegistryEntry {
  readonly prefix: string;
  readonly location: string;
  readonly blocked: boolean;
  readonly insecure: boolean;
  readonly mirrorByDigestOnly: boolean;
  readonly mirrors: readonly RegistryMirror[];
}

export interface RegistryMirror {
  readonly location: string;
  readonly insecure: boolean;
  /** `all`, `digest-only` or `tag-only`. */
  readonly pullFrom: string;
}

export interface RegistriesFile {
  readonly unqualifiedSearch: readonly string[];
  readonly registries: readonly RegistryEntry[];
  /** Every other key at the top, as it was written. */
  readonly others: Readonly<Record<string, Value>>;
}

type Value = string | boolean | readonly string[];

interface Draft {
  readonly values: Map<string, Value>;
  readonly mirrors: Map<string, Value>[];
}

const TOKEN =
  /[ \t\r]+|#[^\n]*|(?<line>\n)|(?<table>\[\[registry(?:\.mirror)?\]\])|(?<mark>[=,[\]])|"(?<basic>(?:[^"\\\n]|\\.)*)"|'(?<literal>[^'\n]*)'|(?<bare>[A-Za-z0-9_-]+)/y;

const STRINGS: ReadonlySet<string> = new Set(['prefix', 'location', 'pull-from-mirror']);
const FLAGS: ReadonlySet<string> = new Set(['blocked', 'insecure', 'mirror-by-digest-only']);

/**
 * Reads the part of TOML that registries.conf files are written in: strings, lists of strings, booleans, and the tables of
 * registries and their mirrors. Undefined for whatever else there is: a file that is not understood must not be taken for one
 * that is.
 */
export function readRegistriesFile(text: string): RegistriesFile | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const top = new Map<string, Value>();
  const registries: Draft[] = [];
  let table = top;
  let at = 0;
  while (at < tokens.length) {
    const token = tokens[at];
    if (token === undefined) return undefined;
    if (token.kind === 'line') {
      at += 1;
      continue;
    }
    if (token.kind === 'table') {
      table = new Map();
      if (token.text === '[[registry]]') registries.push({ values: table, mirrors: [] });
      else {
        const registry = registries.at(-1);
        if (registry === undefined) return undefined;
        registry.mirrors.push(table);
      }
      at += 1;
    } else {
      const read = readEntry(tokens, at);
      if (read === undefined || table.has(read.key)) return undefined;
      table.set(read.key, read.value);
      at = read.next;
    }
    // One to a line.
    if (at < tokens.length && tokens[at]?.kind !== 'line') return undefined;
  }
  return fileOf(top, registries);
}

interface Token {
  readonly kind: 'line' | 'table' | 'mark' | 'string' | 'bare';
  readonly text: string;
}

function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) return undefined;
    const { line, table, mark, basic, literal, bare } = groups;
    // What an escape stands for need not be known where there is none.
    if (basic?.includes('\\') === true) return undefined;
    if (line !== undefined) tokens.push({ kind: 'line', text: line });
    else if (table !== undefined) tokens.push({ kind: 'table', text: table });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    else if (bare !== undefined) tokens.push({ kind: 'bare', text: bare });
    else if (basic !== undefined || literal !== undefined)
      tokens.push({ kind: 'string', text: basic ?? literal ?? '' });
  }
  return tokens;
}

function readEntry(
  tokens: readonly Token[],
  at: number,
): { readonly key: string; readonly value: Value; readonly next: number } | undefined {
  const [key, equals, value] = tokens.slice(at, at + 3);
  if (key?.kind !== 'bare' || equals?.text !== '=' || equals.kind !== 'mark' || value === undefined)
    return undefined;
  if (value.kind === 'string') return { key: key.text, value: value.text, next: at + 3 };
  if (value.kind === 'bare') {
    if (value.text !== 'true' && value.text !== 'false') return undefined;
    return { key: key.text, value: value.text === 'true', next: at + 3 };
  }
  if (value.kind !== 'mark' || value.text !== '[') return undefined;
  const list: string[] = [];
  let isDue = true;
  for (let index = at + 3; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token?.kind === 'line') continue;
    if (token?.kind === 'mark' && token.text === ']') return { key: key.text, value: list, next: index + 1 };
    if (isDue && token?.kind === 'string') list.push(token.text);
    else if (isDue || token?.text !== ',') return undefined;
    isDue = !isDue;
  }
  return undefined;
}

function fileOf(top: ReadonlyMap<string, Value>, drafts: readonly Draft[]): RegistriesFile | undefined {
  const { 'unqualified-search-registries': search = [], ...others } = Object.fromEntries(top);
  if (typeof search === 'string' || typeof search === 'boolean') return undefined;
  const registries: RegistryEntry[] = [];
  for (const { values, mirrors } of drafts) {
    if (![values, ...mirrors].every(isKnown)) return undefined;
    const location = textOf(values, 'location');
    const prefix = textOf(values, 'prefix') || location;
    if (prefix === '') return undefined;
    registries.push({
      prefix,
      location,
      blocked: values.get('blocked') === true,
      insecure: values.get('insecure') === true,
      mirrorByDigestOnly: values.get('mirror-by-digest-only') === true,
      mirrors: mirrors.map((mirror) => ({
        location: textOf(mirror, 'location'),
        insecure: mirror.get('insecure') === true,
        pullFrom: textOf(mirror, 'pull-from-mirror') || 'all',
      })),
    });
  }
  return { unqualifiedSearch: search, registries, others };
}

function isKnown(values: ReadonlyMap<string, Value>): boolean {
  return [...values].every(
    ([key, value]) =>
      (STRINGS.has(key) && typeof value === 'string') || (FLAGS.has(key) && typeof value === 'boolean'),
  );
}

function textOf(values: ReadonlyMap<string, Value>, key: string): string {
  const value = values.get(key);
  return typeof value === 'string' ? value : '';
}
