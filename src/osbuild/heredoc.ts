/** A here-document of an instruction. */
export interface Heredoc {
  readonly name: string;
  /** Its delimiter was quoted: variables in it are left alone. */
  readonly quoted: boolean;
  /** Its lines, each with its newline; tabs at their beginnings are gone if that was asked for (`<<-`). */
  readonly content: string;
}

/** Where a line begins a here-document. */
export interface HeredocStart {
  readonly name: string;
  readonly quoted: boolean;
  /** `<<-`: without the tabs at the beginnings of its lines. */
  readonly stripped: boolean;
}

/** Instructions that may have them. */
const WITH_HEREDOCS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);

/** What is skipped, in quotes or after a backslash, or a here-string; or `<<NAME`, `<<-NAME`, `<<"NAME"`, perhaps after a file descriptor. */
const WORD =
  /'[^']*'|"(?:\\.|[^"\\])*"|\\.|<<<|(?<![^\s\d])<<(-?)(?:"([\w.]+)"|'([\w.]+)'|([A-Za-z_][\w.]*))(?=\s|$|[;|&)])/g;

/** The here-documents that an instruction's line begins. */
export function heredocStarts(keyword: string, line: string): readonly HeredocStart[] {
  if (!WITH_HEREDOCS.has(keyword)) return [];
  const starts: HeredocStart[] = [];
  for (const [, dash, double, single, bare] of line.matchAll(WORD)) {
    const name = double ?? single ?? bare;
    if (name !== undefined) starts.push({ name, quoted: bare === undefined, stripped: dash === '-' });
  }
  return starts;
}

/**
 * The here-documents of an instruction whose first line begins them. The parser of Containerfiles says where such an
 * instruction ends, but neither whether a delimiter was quoted nor that tabs are to go.
 *
 * @returns `unended`: the name of one whose last line is missing
 */
export function readHeredocs(
  starts: readonly HeredocStart[],
  lines: readonly string[],
): { readonly heredocs: readonly Heredoc[]; readonly unended: string | undefined } {
  const heredocs: Heredoc[] = [];
  let at = 1;
  for (const { name, quoted, stripped } of starts) {
    let content = '';
    for (;;) {
      const found = lines[at];
      if (found === undefined) return { heredocs, unended: name };
      at += 1;
      const line = stripped ? found.replace(/^\t+/, '') : found;
      if (line === name) break;
      content += `${line}\n`;
    }
    heredocs.push({ name, quoted, content });
  }
  return { heredocs, unended: undefined };
}
