import { DockerfileParser } from 'dockerfile-ast';
import { containerfileProblems, type ContainerfileProblem } from './containerfile-problems.ts';
import { heredocStarts, readHeredocs, type Heredoc } from './heredoc.ts';

/** One instruction of a Containerfile. */
export interface ContainerInstruction {
  /** In capitals: `RUN`. */
  readonly keyword: string;
  /** Its first and its last line, from 1, those of its here-documents among them. */
  readonly line: number;
  readonly endLine: number;
  /** The text as it stands in the file, without its here-documents' lines. */
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
}

/** One stage: from a `FROM` to the next. */
export interface ContainerStage {
  readonly name: string | undefined;
  /** What it begins with, as written: an image, or an earlier stage. */
  readonly base: string;
  /** Of its `FROM`, from 1. */
  readonly line: number;
  readonly column: number;
  /** The `FROM` as it stands in the file. */
  readonly from: string;
  /** Without its `FROM`. */
  readonly instructions: readonly ContainerInstruction[];
}

/** A person's Containerfile, read and found to be one. */
export interface Containerfile {
  readonly text: string;
  /** Comments at its very beginning that tell a builder how to read it: `# escape=…`. */
  readonly directives: readonly string[];
  /** `ARG`s before the first stage. */
  readonly preamble: readonly ContainerInstruction[];
  /** None in a file of comments alone, which asks for nothing. */
  readonly stages: readonly ContainerStage[];
}

export type ContainerfileReading =
  | { readonly state: 'read'; readonly containerfile: Containerfile }
  /** In the order of the file; at least one. */
  | { readonly state: 'refused'; readonly problems: readonly ContainerfileProblem[] };

/** Reads a Containerfile; what is wrong with it is the answer. It never throws. */
export function readContainerfile(text: string): ContainerfileReading {
  const problems = containerfileProblems(text);
  if (problems.length > 0) return { state: 'refused', problems };
  const lines = text.split(/\r?\n/);
  const preamble: ContainerInstruction[] = [];
  const stages: (ContainerStage & { readonly instructions: ContainerInstruction[] })[] = [];
  const parsed = DockerfileParser.parse(text);
  const froms = new Map(parsed.getFROMs().map((from) => [from.getRange().start.line, from]));
  for (const instruction of parsed.getInstructions()) {
    const { start, end } = instruction.getRange();
    const from = froms.get(start.line);
    if (from !== undefined) {
      const place = { line: start.line + 1, column: start.character + 1 };
      const base = from.getImage() ?? '';
      const name = from.getBuildStage() ?? undefined;
      const text = lines.slice(start.line, end.line + 1).join('\n');
      stages.push({ name, base, ...place, from: text, instructions: [] });
      continue;
    }
    const read = readInstruction(instruction.getKeyword(), lines, start.line, end.line);
    (stages.at(-1)?.instructions ?? preamble).push(read);
  }
  const directives = parsed.getDirectives().map((directive) => lines[directive.getRange().start.line] ?? '');
  return { state: 'read', containerfile: { text, directives, preamble, stages } };
}

function readInstruction(
  keyword: string,
  lines: readonly string[],
  first: number,
  last: number,
): ContainerInstruction {
  const own = lines.slice(first, last + 1);
  const starts = heredocStarts(keyword, own[0] ?? '');
  const text = starts.length === 0 ? own.join('\n') : (own[0] ?? '');
  return { keyword, line: first + 1, endLine: last + 1, text, heredocs: readHeredocs(starts, own).heredocs };
}
