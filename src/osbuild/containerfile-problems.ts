import { DockerfileParser } from 'dockerfile-ast';
import { validate, ValidationCode } from 'dockerfile-utils';
import { heredocStarts, readHeredocs } from './heredoc.ts';

/** What is wrong with a Containerfile, and where; both from 1. */
export interface ContainerfileProblem {
  readonly line: number;
  readonly column: number;
  /** One sentence without its full stop. */
  readonly message: string;
}

/** `3:8: COPY requires at least two arguments`, as compilers say it. */
export function formatProblem({ line, column, message }: ContainerfileProblem): string {
  return `${line}:${column}: ${message}`;
}

/** The stage that the generated part of every build makes: the base image with the pool's configuration (contract §4.6). */
export const CONFIGS_STAGE = 'configs';

/**
 * Everything that keeps a Containerfile from being built, in the order of the file; whether its commands succeed is not known
 * here. A file of comments alone is none (contract §4.6).
 */
export function containerfileProblems(text: string): readonly ContainerfileProblem[] {
  const found = [...characterProblems(text), ...syntaxProblems(text), ...structureProblems(text)];
  const byPlace = new Map<string, ContainerfileProblem>();
  // One problem a place: what comes first says more than what follows from it.
  for (const problem of found) {
    const place = `${problem.line}:${problem.column}`;
    if (!byPlace.has(place)) byPlace.set(place, problem);
  }
  return [...byPlace.values()].sort((one, other) => one.line - other.line || one.column - other.column);
}

/** What no shell command and no file name can hold; a builder would cut a line there, or fail in the middle. */
function characterProblems(text: string): readonly ContainerfileProblem[] {
  const at = text.search(/\0|\uFFFD/u);
  if (at < 0) return [];
  const before = text.slice(0, at).split('\n');
  const message = 'the text holds a character that is none (a NUL byte, or bytes that are not UTF-8)';
  return [{ line: before.length, column: (before.at(-1) ?? '').length + 1, message }];
}

/** What structureProblems says in its own words, or what no builder minds. */
const SAID_ELSEWHERE: ReadonlySet<number> = new Set([
  ValidationCode.NO_SOURCE_IMAGE,
  ValidationCode.DUPLICATE_BUILD_STAGE_NAME,
  ValidationCode.EMPTY_CONTINUATION_LINE,
]);

/** `Error` of the language server protocol. */
const ERROR = 1;

function syntaxProblems(text: string): readonly ContainerfileProblem[] {
  const problems: ContainerfileProblem[] = [];
  const lines = text.split(/\r?\n/);
  for (const { range, severity, code, message } of validate(text)) {
    if (severity !== ERROR || SAID_ELSEWHERE.has(Number(code))) continue;
    const said = typeof message === 'string' ? message : message.value;
    const { line, character } = range.start;
    problems.push({ line: line + 1, column: character + 1, message: named(said, lines[line] ?? '') });
  }
  return problems;
}

/** The validator calls an instruction one, and every one with pairs ENV. */
function named(message: string, line: string): string {
  const keyword = /^\s*([a-z]+)/i.exec(line)?.[1]?.toUpperCase();
  return keyword === undefined ? message : message.replace(/^(?:Instruction|ENV)(?= )/, keyword);
}

/** What `RUN --mount=type=…` may be. */
const MOUNTS: ReadonlySet<string> = new Set(['bind', 'cache', 'secret', 'ssh', 'tmpfs']);

/** What the validator does not look at: the order of stages, commands that are none, here-documents without an end. */
function structureProblems(text: string): readonly ContainerfileProblem[] {
  const problems: ContainerfileProblem[] = [];
  const lines = text.split(/\r?\n/);
  const stages = new Stages();
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const { start, end } = instruction.getRange();
    const refuse = (message: string): void =>
      void problems.push({ line: start.line + 1, column: start.character + 1, message });
    const keyword = instruction.getKeyword();
    const own = lines.slice(start.line, end.line + 1);
    const { unended } = readHeredocs(heredocStarts(keyword, own[0] ?? ''), own);
    if (unended !== undefined) {
      refuse(`the here-document ${unended} has no end: a line that is ${unended} alone`);
    }
    const words = wordsOf(own);
    if (keyword === 'FROM') stages.begin(words, start.line + 1, refuse);
    else if (!stages.begun && keyword !== 'ARG') {
      refuse(`${keyword} stands before the first FROM; begin with FROM ${CONFIGS_STAGE} AS final`);
    }
    if (keyword === 'RUN') refuseRun(words, refuse);
    if (keyword === 'COPY') stages.refer(words, refuse);
  }
  const last = stages.refuseLast();
  return last === undefined ? problems : [...problems, last];
}

function refuseRun(words: readonly string[], refuse: (message: string) => void): void {
  if (words.every((word) => word.startsWith('--'))) refuse('RUN needs a command');
  for (const word of words) {
    if (!word.startsWith('--')) return;
    const type = /^--mount=(?:.*,)?type=([^,]*)/.exec(word)?.[1];
    if (type !== undefined && !MOUNTS.has(type)) {
      refuse(`RUN has a mount of type ${type}; there are ${[...MOUNTS].join(', ')}`);
    }
  }
}

/** The words after the keyword: flags, which the parser leaves out, and what follows them. */
function wordsOf(lines: readonly string[]): readonly string[] {
  const text = lines.map((line) => line.replace(/[\\`]\s*$/, '')).join(' ');
  return text.trim().split(/\s+/).slice(1);
}

/** The stages of a file, as far as it has been read. */
class Stages {
  readonly #lines = new Map<string, number>();
  /** Of the stage that was begun last: its name, its line, and whether it stands on the stage of the configuration. */
  #last:
    | { readonly name: string | undefined; readonly line: number; readonly onConfigs: boolean }
    | undefined;
  readonly #onConfigs = new Set<string>([CONFIGS_STAGE]);
  #count = 0;

  get begun(): boolean {
    return this.#last !== undefined;
  }

  begin(words: readonly string[], line: number, refuse: (message: string) => void): void {
    const [base = '', as, given] = words.filter((word) => !word.startsWith('--'));
    const name = as?.toUpperCase() === 'AS' ? given?.toLowerCase() : undefined;
    const onConfigs = this.#onConfigs.has(base.toLowerCase());
    const there = name === undefined ? undefined : this.#lines.get(name);
    if (name === CONFIGS_STAGE) {
      refuse(`the stage ${CONFIGS_STAGE} is there already: it is the base image with the configuration`);
    } else if (there !== undefined) {
      refuse(`the stage ${given} is there already, on line ${there}`);
    } else if (name !== undefined) {
      this.#lines.set(name, line);
      if (onConfigs) this.#onConfigs.add(name);
    }
    if (onConfigs) this.#onConfigs.add(String(this.#count));
    this.#count += 1;
    this.#last = { name, line, onConfigs };
  }

  /** `COPY --from=` names an earlier stage, or an image; never the stage that it is in. */
  refer(words: readonly string[], refuse: (message: string) => void): void {
    for (const word of words) {
      if (!word.startsWith('--')) return;
      const from = /^--from=(.*)$/.exec(word)?.[1]?.toLowerCase();
      if (from === '') refuse('COPY --from= names no stage and no image');
      if (
        from !== undefined &&
        from !== '' &&
        (from === this.#last?.name || from === String(this.#count - 1))
      ) {
        refuse(`COPY --from=${from} is the stage that it is in`);
      }
      if (from !== undefined && /^\d+$/.test(from) && Number(from) >= this.#count) {
        refuse(`COPY --from=${from}: there is no such stage before it`);
      }
    }
  }

  /**
   * The last stage becomes the node's image, so it has to stand on the one with the base and the configuration: anything else
   * would be another operating system (the reference system builds it, and the node does not boot it).
   */
  refuseLast(): ContainerfileProblem | undefined {
    if (this.#last === undefined || this.#last.onConfigs) return undefined;
    const message = `the last stage becomes the image of the nodes and has to stand on ${CONFIGS_STAGE}: FROM ${CONFIGS_STAGE} AS final`;
    return { line: this.#last.line, column: 1, message };
  }
}
