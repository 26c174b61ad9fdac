import { hash } from 'node:crypto';
import type { Digest } from '../oci/index.ts';
import type { BaseEntry, BaseFacts, BaseUnit, BaseUser } from '../machineconfig/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What of the base the index says in its first line; everything but the file list. */
export interface BaseIndexHeader {
  /** Bumped whenever the meaning of an index changes: an older one is then made anew. */
  readonly version: 1;
  /** Manifest digest of the base that the index describes. */
  readonly base: Digest;
  readonly users: Readonly<Record<string, BaseUser>>;
  readonly groups: Readonly<Record<string, number>>;
  readonly units: Readonly<Record<string, BaseUnit>>;
  readonly unitLinks: readonly string[];
  /** Directories of /usr/lib/modules with a kernel in them. */
  readonly kernels: readonly string[];
  readonly keepsToplevels: boolean;
  readonly readsKeyDirectory: boolean;
}

export const INDEX_VERSION = 1;

const TAB = 9;
const NEWLINE = 10;

/**
 * The base index as bytes: one line with the sha256 of the rest, one of JSON, then a line for each path in byte
 * order: `path`, tab, `f`, `l` + target, or `d` + mode uid gid. Sorted so that a build looks up the few hundred paths
 * that it needs by bisection instead of parsing some ten thousand lines.
 */
export function encodeBaseIndex(
  header: BaseIndexHeader,
  paths: readonly (readonly [string, BaseEntry])[],
): Buffer {
  const lines = paths
    .map(([path, entry]) => [Buffer.from(escape(path)), entry] as const)
    .sort(([a], [b]) => Buffer.compare(a, b))
    .map(([path, entry]) => `${path.toString()}\t${encodeEntry(entry)}\n`);
  const body = Buffer.from(`${JSON.stringify(header)}\n${lines.join('')}`);
  return Buffer.concat([Buffer.from(`${hash('sha256', body, 'hex')}\n`), body]);
}

/**
 * Opens an index for look-ups.
 *
 * @throws OsBuildError `base-malformed` when the bytes are damaged, of another version or of another base.
 */
export function openBaseIndex(bytes: Buffer, base: Digest): BaseIndex {
  const body = bytes.subarray(65);
  if (bytes.length < 66 || bytes.toString('latin1', 0, 64) !== hash('sha256', body, 'hex')) {
    throw new OsBuildError(
      'base-malformed',
      `cannot read the base index of ${base}: its checksum does not match`,
    );
  }
  const end = body.indexOf(NEWLINE);
  const header = JSON.parse(body.toString('utf8', 0, end)) as BaseIndexHeader;
  if (header.version !== INDEX_VERSION || header.base !== base) {
    throw new OsBuildError(
      'base-malformed',
      `cannot use the base index of ${base}: it is of version ${header.version} and describes ${header.base}`,
    );
  }
  return new BaseIndex(header, body.subarray(end + 1));
}

/** {@link BaseFacts} from an encoded index. */
export class BaseIndex implements BaseFacts {
  readonly header: BaseIndexHeader;
  readonly users: ReadonlyMap<string, BaseUser>;
  readonly groups: ReadonlyMap<string, number>;
  readonly unitLinks: readonly string[];
  readonly keepsToplevels: boolean;
  readonly readsKeyDirectory: boolean;
  readonly #lines: Buffer;
  readonly #known: Map<string, BaseEntry | undefined> = new Map();

  constructor(header: BaseIndexHeader, lines: Buffer) {
    this.header = header;
    this.users = new Map(Object.entries(header.users));
    this.groups = new Map(Object.entries(header.groups));
    this.unitLinks = header.unitLinks;
    this.keepsToplevels = header.keepsToplevels;
    this.readsKeyDirectory = header.readsKeyDirectory;
    this.#lines = lines;
  }

  unit(name: string): BaseUnit | undefined {
    return Object.hasOwn(this.header.units, name) ? this.header.units[name] : undefined;
  }

  entry(path: string): BaseEntry | undefined {
    if (path === '/') return { type: 'directory', mode: 0o755, uid: 0, gid: 0 };
    if (this.#known.has(path)) return this.#known.get(path);
    const found = this.#lookUp(Buffer.from(escape(path)));
    this.#known.set(path, found);
    return found;
  }

  #lookUp(key: Buffer): BaseEntry | undefined {
    const lines = this.#lines;
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // `low` is always the start of a line, so no search goes below it.
      const start = middle === low ? low : Math.max(low, lines.lastIndexOf(NEWLINE, middle - 1) + 1);
      const tab = lines.indexOf(TAB, start);
      const order = lines.compare(key, 0, key.length, start, tab);
      const next = lines.indexOf(NEWLINE, tab) + 1;
      if (order === 0) return decodeEntry(lines.toString('utf8', tab + 1, next - 1));
      if (order < 0) low = next;
      else high = start;
    }
    return undefined;
  }
}

function encodeEntry(entry: BaseEntry): string {
  switch (entry.type) {
    case 'file':
      return 'f';
    case 'symlink':
      return `l${escape(entry.target)}`;
    case 'directory':
      return `d${entry.mode.toString(8)} ${entry.uid} ${entry.gid}`;
  }
}

function decodeEntry(text: string): BaseEntry {
  if (text.startsWith('l')) return { type: 'symlink', target: unescape(text.slice(1)) };
  if (!text.startsWith('d')) return { type: 'file' };
  const [mode = '755', uid = '0', gid = '0'] = text.slice(1).split(' ');
  return { type: 'directory', mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid) };
}

/** Tabs and line breaks end fields, so they are written as %XX, and so is the percent sign. */
function escape(text: string): string {
  return /[%\t\n]/u.test(text)
    ? text.replace(/[%\t\n]/gu, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
    : text;
}

function unescape(text: string): string {
  return text.replace(/%(?<hex>[0-9a-f]{2})/gu, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
