/** Sorts first: of two tmpfiles.d lines for one path, the one of the first file counts. */
export const TMPFILES_PATH = '/usr/lib/tmpfiles.d/00-varve.conf';

/** A line of a tmpfiles.d file, before quoting. `mode`, `user` and `group` take tmpfiles.d's own syntax, `-` by default. */
export interface TmpfilesLine {
  readonly type: string;
  readonly path: string;
  readonly mode?: string;
  readonly user?: string;
  readonly group?: string;
  readonly argument?: string;
}

/**
 * Formats tmpfiles.d lines (tmpfiles.d(5)): specifiers escaped, paths with blanks quoted. Paths, owners and arguments
 * must be free of control characters, and owners of blanks.
 */
export function formatTmpfiles(lines: readonly TmpfilesLine[]): string {
  return lines
    .map((line) => {
      const fields = [
        line.type,
        quote(line.path),
        line.mode ?? '-',
        line.user ?? '-',
        line.group ?? '-',
        '-',
      ];
      if (line.argument !== undefined) fields.push(escapeArgument(line.argument));
      else while (fields.at(-1) === '-') fields.pop();
      return `${fields.join(' ')}\n`;
    })
    .join('');
}

/** A path as a glob that matches just that path: `r` and `z` lines expand globs. */
export function literalGlob(path: string): string {
  return path.replace(/[*?[]/gu, (character) => `[${character}]`);
}

function quote(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /[\s"'\\]/u.test(escaped)
    ? `"${escaped.replace(/["\\]/gu, (character) => `\\${character}`)}"`
    : escaped;
}

/**
 * The argument is the rest of the line: quotes mean nothing in it, but C escapes and specifiers are expanded. Blanks
 * at its ends would be lost, and a lone dash means that there is none.
 */
function escapeArgument(argument: string): string {
  const escaped = argument.replaceAll('\\', '\\\\').replaceAll('%', '%%').replaceAll(' ', '\\x20');
  return escaped === '-' ? '\\x2d' : escaped;
}
