import type { TmpfilesLine } from './tmpfiles.ts';

/** The backslash escapes that `formatTmpfiles` writes, and those of tmpfiles.d that stand for one character. */
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|(.))/gsu;

const OPTIONAL = ['mode', 'user', 'group'] as const;

/**
 * Reads tmpfiles.d lines as `formatTmpfiles` writes them: what an image says of its node's files. It is no reader for other
 * people's files, whose specifiers mean something.
 *
 * @returns undefined where a line is of another form: another version of Varve wrote it
 */
export function readTmpfiles(text: string): readonly TmpfilesLine[] | undefined {
  const lines: TmpfilesLine[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const read = readLine(line);
    if (read === undefined) return undefined;
    lines.push(read);
  }
  return lines;
}

/** The path that a glob made by `literalGlob` matches. */
export function pathOfGlob(glob: string): string {
  return glob.replace(/\[([*?[])\]/gu, '$1');
}

function readLine(line: string): TmpfilesLine | undefined {
  const match = /^(\S+) (?:"((?:[^"\\]|\\.)*)"|([^\s"]\S*))((?: \S+){0,4})(?: (.*))?$/su.exec(line);
  if (match === null) return undefined;
  const [, type = '', quoted, bare, fields = '', argument] = match;
  const path = quoted === undefined ? bare : unescape(quoted);
  if (path === undefined) return undefined;
  const [mode = '-', user = '-', group = '-', age = '-'] = fields.trim().split(' ').filter(Boolean);
  if (age !== '-') return undefined;
  const given = { mode, user, group };
  const read: { -readonly [Key in keyof TmpfilesLine]: TmpfilesLine[Key] } = {
    type,
    path: path.replaceAll('%%', '%'),
  };
  for (const name of OPTIONAL) if (given[name] !== '-') read[name] = given[name];
  if (argument !== undefined) read.argument = unescape(argument).replaceAll('%%', '%');
  return read;
}

function unescape(text: string): string {
  return text.replace(ESCAPE, (_, hex: string | undefined, character: string | undefined) =>
    hex === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
