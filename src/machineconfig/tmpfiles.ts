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

/** Formats tmpfiles.d lines (tmpfiles.d(5)): specifiers escaped, fields with blanks quoted. */
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
      return `${fields.join(' ').replace(/( -)+$/u, '')}\n`;
    })
    .join('');
}

/** A path as a glob that matches just that path: `r` lines expand globs. */
export function literalGlob(path: string): string {
  return path.replace(/[*?[]/gu, (character) => `[${character}]`);
}

function quote(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /[\s"'\\]/u.test(escaped)
    ? `"${escaped.replace(/["\\]/gu, (character) => `\\${character}`)}"`
    : escaped;
}

/** The argument is the rest of the line: it needs no quotes, but C escapes and specifiers are expanded in it. */
function escapeArgument(argument: string): string {
  return argument.replaceAll('%', '%%').replaceAll('\\', '\\\\');
}
