import { hash } from 'node:crypto';
import type { Digest } from '../oci/index.ts';
import type { BaseEntry, BaseFacts, BaseUnit, BaseUser } from '../machineconfig/index.ts';
import type { BaseIndexHeader } from './base-index-header.ts';
import { readIndexHeader } from './base-index-header.ts';
import { OsBuildError } from './osbuild-error.ts';

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
 * Opens an index for look-ups. Its file list is only looked at where a look-up goes; {@link BaseIndex.verify} reads all.
 *
 * @throws OsBuildError `base-malformed` when the bytes are damaged, of another version or of another base.
 */
export function openBaseIndex(bytes: Buffer, base: Digest): BaseIndex {
  const body = bytes.subarray(65);
  if (bytes.length < 66 || bytes.toString('latin1', 0, 64) !== hash('sha256', body, 'hex')) {
    throw malformed(base, 'its checksum does not match');
  }
  const end = body.indexOf(NEWLINE);
  const header = end === -1 ? undefined : readIndexHeader(body.toString('utf8', 0, end), base);
  if (header === undefined) throw malformed(base, 'it is of another version or describes another base');
  if (body.at(-1) !== NEWLINE) throw malformed(base, 'its last line is cut off');
  return new BaseIndex(header, body.subarray(end + 1));
}

function malformed(base: Digest, reason: string): OsBuildError {
  return new OsBuildError('base-malformed', `cannot read the base index of ${base}: ${reason}`);
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

  dropins(unit: string): readonly BaseUnit[] {
    return Object.hasOwn(this.header.dropins, unit) ? (this.header.dropins[unit] ?? []) : [];
  }

  entry(path: string): BaseEntry | undefined {
    if (path === '/') return { type: 'directory', mode: 0o755, uid: 0, gid: 0 };
    if (this.#known.has(path)) return this.#known.get(path);
    // Every directory above a path of the base is in the list, so most paths of a configuration need no search.
    const isBelow = this.entry(path.slice(0, path.lastIndexOf('/')) || '/')?.type === 'directory';
    const found = isBelow ? this.#lookUp(Buffer.from(escape(path))) : undefined;
    this.#known.set(path, found);
    return found;
  }

  /**
   * Reads every line of an index that somebody else may have written, after which no look-up can fail.
   *
   * @throws OsBuildError `base-malformed`
   */
  verify(): void {
    const lines = this.#lines;
    let before: Line | undefined;
    for (let start = 0; start < lines.length;) {
      const line = this.#line(start);
      if (before !== undefined && lines.compare(lines, start, line.tab, before.start, before.tab) >= 0) {
        throw malformed(this.header.base, 'its paths are not in order');
      }
      this.#decode(line);
      before = line;
      start = line.next;
    }
  }

  #lookUp(key: Buffer): BaseEntry | undefined {
    const lines = this.#lines;
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // `low` is always the start of a line, so no search goes below it.
      const start = middle === low ? low : Math.max(low, lines.lastIndexOf(NEWLINE, middle - 1) + 1);
      const line = this.#line(start);
      const order = lines.compare(key, 0, key.length, start, line.tab);
      if (order === 0) return this.#decode(line);
      if (order < 0) low = line.next;
      else high = start;
    }
    return undefined;
  }

  #line(start: number): Line {
    const tab = this.#lines.indexOf(TAB, start);
    const next = this.#lines.indexOf(NEWLINE, start) + 1;
    if (tab < start || next <= tab) throw malformed(this.header.base, 'a line of it has no tab');
    return { start, tab, next };
  }

  #decode({ tab, next }: Line): BaseEntry {
    const entry = decodeEntry(this.#lines.toString('utf8', tab + 1, next - 1));
    if (entry === undefined) throw malformed(this.header.base, 'a line of it does not say what the path is');
    return entry;
  }
}

/** Where a line of the file list begins, where its path ends, and where the next one begins. */
interface Line {
  readonly start: number;
  readonly tab: number;
  readonly next: number;
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

function decodeEntry(text: string): BaseEntry | undefined {
  if (text === 'f') return { type: 'file' };
  if (text.startsWith('l')) return { type: 'symlink', target: unescape(text.slice(1)) };
  const [, mode = '', uid = '', gid = ''] = /^d([0-7]+) (\d+) (\d+)$/u.exec(text) ?? [];
  if (mode === '') return undefined;
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
