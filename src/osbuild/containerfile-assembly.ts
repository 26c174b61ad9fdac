import type { ContainerInstruction, Containerfile } from './containerfile.ts';
import { CONFIGS_STAGE } from './containerfile-problems.ts';
import { expandVariables, StageVariables } from './containerfile-variables.ts';
import { heredocStarts } from './heredoc.ts';
import { TRUST_STAGE, trustStep } from './trust-stage.ts';

/** What a builder is given: one Containerfile, and the files of its context. */
export interface AssembledContainerfile {
  readonly text: string;
  /** By their paths below the context. */
  readonly files: ReadonlyMap<string, string>;
  /** For each stage, in order, for each of its instructions, `FROM` first: where it comes from. */
  readonly steps: readonly (readonly AssembledStep[])[];
}

/** One step of a builder. */
export interface AssembledStep {
  /** Of the user's Containerfile, from 1; undefined for a step of Varve's. */
  readonly line: number | undefined;
  /** As its author wrote it. */
  readonly text: string;
}

export interface AssemblyInput {
  /** The image of the stage `configs`: the base with the configuration that the build sees, by its digest. */
  readonly configsImage: string;
  /** PEM: trusted by all that the stage `configs` and those on it run. */
  readonly certificateAuthorities?: readonly string[];
  /** Runs in that stage, before anything of the user's: for extensions and kernels. */
  readonly before?: AssembledScript;
  /** Runs as root at the end of the last stage, after all that is the user's, whatever shell that has set: looks at the result. */
  readonly after?: AssembledScript;
  /** Absent: the stage `configs` is the result. */
  readonly containerfile?: Containerfile;
  /** `ENV` of the base image. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A shell script of Varve's own. */
export interface AssembledScript {
  /** Of its file. */
  readonly name: string;
  readonly text: string;
  /** What it does, for people who read that it failed. */
  readonly description: string;
  /** An image whose files it finds in a folder. */
  readonly image?: { readonly reference: string; readonly folder: string };
}

/** Of a build argument that nobody gives and nothing reads. */
const NO_INSTRUCTION = 'VARVE_NO_INSTRUCTION';

/** Where the files of here-documents are in the context, and where a build mounts it. */
const CONTEXT = '.varve';
const MOUNTED = '/run/varve-build';

/**
 * The Containerfile of a build as the reference system makes it (contract §4.6): the stage `configs`, then the user's text. The
 * configuration is in the image that `configs` begins with, not in a step; and here-documents become files of the context, since
 * builders before buildah 1.33 know none.
 */
export function assembleContainerfile(input: AssemblyInput): AssembledContainerfile {
  const { configsImage, before, after, containerfile, environment } = input;
  // Only `# escape=` changes what a builder reads; `# syntax=` would have it fetch another one.
  const text = (containerfile?.directives ?? []).filter((line) => /escape/i.test(line));
  const files = new Map<string, string>();
  const steps: AssembledStep[][] = [];
  const global = new StageVariables({}, {});
  for (const argument of containerfile?.preamble ?? []) {
    text.push(argument.text);
    global.read(argument);
  }
  const { certificateAuthorities = [] } = input;
  const start = (image: string, name: string): void => {
    const from = `FROM ${image} AS ${name}`;
    text.push(from);
    steps.push([{ line: undefined, text: from }]);
  };
  if (certificateAuthorities.length === 0) start(configsImage, CONFIGS_STAGE);
  else {
    // A stage of its own, whose layer is not kept. One of nothing else on it would be the same image, which buildah removes twice.
    start(configsImage, before === undefined ? CONFIGS_STAGE : TRUST_STAGE);
    const { instruction, files: needed } = trustStep(certificateAuthorities, CONTEXT);
    for (const [name, content] of needed) files.set(`${CONTEXT}/${name}`, content);
    text.push(instruction);
    steps.at(-1)?.push({ line: undefined, text: 'trusting the authorities of the users' });
    if (before !== undefined) start(TRUST_STAGE, CONFIGS_STAGE);
  }
  const runOwn = (script: AssembledScript | undefined): void => {
    if (script === undefined) return;
    text.push(runOf(script, files));
    steps.at(-1)?.push({ line: undefined, text: script.description });
  };
  runOwn(before);
  const environments = new Map([[CONFIGS_STAGE, environment]]);
  for (const stage of containerfile?.stages ?? []) {
    text.push('', stage.from);
    const made: AssembledStep[] = [{ line: stage.line, text: stage.from }];
    const variables = new StageVariables(environments.get(stage.base.toLowerCase()) ?? {}, global.values);
    for (const instruction of stage.instructions) {
      text.push(withoutHeredocs(instruction, variables, files));
      made.push({ line: instruction.line, text: instruction.text });
      variables.read(instruction);
    }
    if (stage.instructions.length === 0 && stage !== containerfile?.stages.at(-1)) {
      // A stage of nothing is the image below it, which buildah would remove twice (1.28: `identifier is not an image`).
      text.push(`ARG ${NO_INSTRUCTION}`);
      made.push({ line: stage.line, text: stage.from });
    }
    steps.push(made);
    if (stage.name !== undefined) environments.set(stage.name.toLowerCase(), variables.environment);
  }
  if (after !== undefined) {
    // Of what is built only the layers go into the image, and not the user.
    text.push(withoutContinuation(text.pop() ?? ''), 'USER 0');
    steps.at(-1)?.push({ line: undefined, text: after.description });
    runOwn(after);
  }
  return { text: `${text.join('\n')}\n`, files, steps };
}

/** In the form that asks no shell, since the stage may have one that is none. */
function runOf({ name, text, image }: AssembledScript, files: Map<string, string>): string {
  files.set(`${CONTEXT}/${name}`, text);
  const mounts = [
    `--mount=type=bind,source=${CONTEXT},target=${MOUNTED}`,
    ...(image === undefined ? [] : [`--mount=type=bind,from=${image.reference},target=${image.folder}`]),
  ];
  return `RUN ${mounts.join(' ')} ["/bin/sh", "${MOUNTED}/${name}"]`;
}

/** A backslash at the end of a file, and comments after it, would make what follows a part of the last instruction. */
function withoutContinuation(text: string): string {
  const lines = text.split('\n');
  while (lines.length > 1 && /^\s*(?:#|$)/.test(lines.at(-1) ?? '')) lines.pop();
  const last = (lines.pop() ?? '').replace(/[\\`]\s*$/, '');
  if (last.trim() === '' && lines.length > 0) return withoutContinuation(lines.join('\n'));
  return [...lines, last].join('\n');
}

function withoutHeredocs(
  instruction: ContainerInstruction,
  variables: StageVariables,
  files: Map<string, string>,
): string {
  if (instruction.heredocs.length === 0) return instruction.text;
  return instruction.keyword === 'RUN'
    ? runScript(instruction, files)
    : copyFiles(instruction, variables, files);
}

/** `KEYWORD --flag … rest`. */
function split(text: string): { readonly head: string; readonly rest: string } {
  const head = /^\s*\S+(?:\s+--\S+)*\s+/.exec(text)?.[0] ?? '';
  return { head: head.trimEnd(), rest: text.slice(head.length) };
}

/**
 * A shell that reads a file does what it would do with the here-document: the shell that the stage has (`SHELL`) for commands,
 * the interpreter that is named for a script that names one.
 */
function runScript(instruction: ContainerInstruction, files: Map<string, string>): string {
  const { head, rest } = split(instruction.text);
  const [first] = instruction.heredocs;
  const name = `run-${instruction.line}`;
  const isScriptAlone = /^<<-?["']?[\w.]+["']?\s*$/.test(rest) && first !== undefined;
  const script = isScriptAlone ? first.content : shellText(rest, instruction);
  files.set(`${CONTEXT}/${name}`, script);
  const mount = `--mount=type=bind,source=${CONTEXT},target=${MOUNTED}`;
  const isInterpreted = isScriptAlone && script.startsWith('#!');
  return `${head} ${mount} ${isInterpreted ? '' : '. '}${MOUNTED}/${name}`;
}

/** The command with its here-documents after it, as a shell reads them; tabs are gone already. */
function shellText(command: string, { keyword, text, heredocs }: ContainerInstruction): string {
  const starts = heredocStarts(keyword, text);
  const bodies = starts.map(({ name }, index) => `${heredocs[index]?.content ?? ''}${name}\n`);
  return `${command.replaceAll('<<-', '<<')}\n${bodies.join('')}`;
}

/** Each becomes a file of its name, with the variables that the builder would put in. */
function copyFiles(
  instruction: ContainerInstruction,
  variables: StageVariables,
  files: Map<string, string>,
): string {
  const folder = `${CONTEXT}/copy-${instruction.line}`;
  const { head, rest } = split(instruction.text);
  for (const { name, quoted, content } of instruction.heredocs) {
    files.set(`${folder}/${name}`, quoted ? content : expandVariables(content, variables.values));
  }
  return `${head} ${rest.replaceAll(/<<-?["']?([\w.]+)["']?/g, `${folder}/$1`)}`;
}
