import type { AssembledContainerfile, AssembledStep } from './containerfile-assembly.ts';
import { MISSING_PACKAGES } from './extension-check.ts';
import { OsBuildError, type OsBuildErrorCode } from './osbuild-error.ts';

/** How a builder ended that made no image. */
export interface FailedContainerBuild {
  readonly assembled: Pick<AssembledContainerfile, 'steps'>;
  /** What it wrote, line by line, the last ones at least; no secret may be in it. */
  readonly output: readonly string[];
  /** How the process ended, for people: `exit status 1`, `signal SIGKILL`. */
  readonly ended: string;
  /** What it was to push, after all steps had succeeded; absent: it was to build. */
  readonly pushed?: string;
}

/** What stands before them in a message. */
const OUTPUT = '; it ended with:\n';
/** Lines of a build that are kept for its failure. */
const KEPT = 200;
/** Characters of one of them. */
const LONGEST = 4096;
/** Lines of output that a person is shown. */
const SHOWN = 20;
/** What a builder says of images that it pulls, layer by layer; where that fails, it says so otherwise. */
const PULLING =
  /^(?:Copying (?:blob|config) |Getting image source|Writing manifest |Storing signatures|Trying to pull )/;
/** Characters of one of them. */
const LONGEST_LINE = 400;

/** Who kills a builder that nobody told to end: mostly a machine that has no memory left. */
const KILLED = {
  code: 'out-of-memory',
  retryable: true,
  what: 'the builder was killed, as a machine does that has no memory left',
} as const;

interface FailureClass {
  readonly code: OsBuildErrorCode;
  readonly pattern: RegExp;
  /** The same build may succeed without a change by a person. */
  readonly retryable: boolean;
  readonly what: string;
}

/**
 * By what a builder, a package manager or a registry says; the first that is found counts, looked for from the last lines up.
 * What is said of registries is the builder's own only in lines that begin with `Error:`; anything else a command has said.
 */
const CLASSES: readonly FailureClass[] = [
  {
    code: 'builder-storage',
    pattern: /no space left on device|disk quota exceeded/i,
    retryable: true,
    what: 'the disk of the builder is full',
  },
  {
    code: 'out-of-memory',
    pattern: /\b(?:out of memory|cannot allocate memory|oom-kill|signal: killed|exit status 137)\b/i,
    retryable: true,
    what: 'the builder ran out of memory',
  },
  {
    code: 'package-missing',
    pattern: new RegExp(`^varve: ${MISSING_PACKAGES}`),
    retryable: false,
    what: 'a command has taken packages out that the pool asks for',
  },
  {
    code: 'wrong-kernels',
    pattern:
      /^varve: (?:a host boots exactly one kernel|the kernel (?:has|needs)|the packages of the kernel)/,
    retryable: false,
    what: 'the image would not have one kernel that a host can boot',
  },
  {
    code: 'package-not-found',
    pattern:
      /unable to locate package|has no installation candidate|no match for argument|unable to find a match|no package (?:.{1,80} )?available|packages not found|version .{1,80} for .{1,80} was not found/i,
    retryable: false,
    what: 'a package is in none of the repositories',
  },
  {
    code: 'package-conflict',
    pattern:
      /held broken packages|unable to satisfy dependencies|trying to overwrite .{1,200} which is also in package|dependency problems prevent|unmet dependencies|conflicting requests|conflicts with|could not depsolve|nothing provides|problem: (?:package|cannot install)|file .{1,200} from install of .{1,200} conflicts/i,
    retryable: false,
    what: 'packages do not go together',
  },
  {
    code: 'registry-refused',
    pattern: /^error: .*(?:unauthorized|authentication required|denied|403 \(?forbidden)/i,
    retryable: false,
    what: 'a registry refused an image of the Containerfile',
  },
  {
    code: 'image-missing',
    pattern: /^error: .*(?:manifest unknown|name unknown|repository .* not found|not found: manifest)/i,
    retryable: false,
    what: 'an image of the Containerfile is not in its registry',
  },
  {
    code: 'network',
    pattern:
      /could not resolve|temporary failure (?:resolving|in name resolution)|no such host|connection (?:refused|reset|timed out)|i\/o timeout|network is unreachable|could not connect|failed to (?:fetch|download metadata)|status code: 5\d\d|\b50[234] (?:bad gateway|service unavailable|gateway)|^error: .*(?:: (?:unexpected )?eof|broken pipe|server closed .*connection)$/i,
    retryable: true,
    what: 'a registry or a repository of packages does not answer',
  },
];

/** What a builder has written, as far as it matters when it fails: the last lines, and before them the step that it was at. */
export class BuilderOutput {
  #step: string | undefined;
  readonly #last: string[] = [];

  take(line: string): void {
    this.#last.push(line.slice(0, LONGEST));
    if (this.#last.length <= KEPT) return;
    const gone = this.#last.shift() ?? '';
    if (STEP.test(gone)) this.#step = gone;
  }

  get lines(): readonly string[] {
    return this.#step === undefined ? this.#last : [this.#step, ...this.#last];
  }
}

/**
 * Why a container build failed, for the person who can mend it: what failed, the step as they wrote it with its line, and the last
 * lines of output. What is in the output is the users' own commands'; the builder is told no secret that it could print.
 */
export function containerBuildError(failed: FailedContainerBuild): OsBuildError {
  const lines = failed.output.filter((line) => line.trim() !== '' && !PULLING.test(line));
  const step = failedStep(failed, lines);
  const found = classOf(lines) ?? (failed.ended === 'signal SIGKILL' ? KILLED : undefined);
  const where = step === undefined ? '' : ` at ${describeStep(step)}`;
  const what = whatFailed(failed, found, step);
  const tail = lines
    .slice(-SHOWN)
    .map((line) => line.slice(0, LONGEST_LINE))
    .join('\n');
  const message = `cannot build the image: ${what}${where} (${failed.ended})${tail === '' ? '' : `${OUTPUT}${tail}`}`;
  return new OsBuildError(found?.code ?? 'command-failed', message, {
    retryable: found?.retryable ?? false,
    ...(step?.line === undefined ? {} : { field: 'spec.containerFile' }),
  });
}

/** What {@link containerBuildError} says, in one line: the lines of the builder are left out, which its log has as well. */
export function withoutOutput(message: string): string {
  return message.split(OUTPUT, 1)[0] ?? '';
}

function whatFailed(
  { pushed }: FailedContainerBuild,
  found: Pick<FailureClass, 'code' | 'what'> | undefined,
  step: AssembledStep | undefined,
): string {
  // No image that the Containerfile names.
  if (pushed !== undefined && found?.code === 'registry-refused')
    return `the registry refused to take ${pushed}`;
  return found?.what ?? (step === undefined ? 'the builder failed' : 'a command failed');
}

/** A step as its author knows it. */
function describeStep({ line, text }: AssembledStep): string {
  const [first = ''] = text.split('\n');
  const shown = first.length > 100 ? `${first.slice(0, 99)}…` : first;
  return line === undefined ? `Varve's own step ${shown}` : `line ${line} of the Containerfile, ${shown}`;
}

function classOf(lines: readonly string[]): FailureClass | undefined {
  for (const line of lines.slice(-SHOWN).toReversed()) {
    if (STEP.test(line)) continue;
    // What the command says of itself is no finding.
    const said = line.replace(/^Error: building at STEP ".*": /, 'Error: ');
    const found = CLASSES.find(({ pattern }) => pattern.test(said));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `[2/3] STEP 4/5: …`, or with one stage `STEP 4/5: …`, as buildah says it. */
const STEP = /^(?:\[(\d+)\/\d+\] )?STEP (\d+)\/\d+: /;

function failedStep(
  { assembled }: FailedContainerBuild,
  lines: readonly string[],
): AssembledStep | undefined {
  const last = lines.findLast((line) => STEP.test(line));
  const [, stage = '1', step] = STEP.exec(last ?? '') ?? [];
  return step === undefined ? undefined : assembled.steps[Number(stage) - 1]?.[Number(step) - 1];
}
