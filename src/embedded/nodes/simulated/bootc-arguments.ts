import { join } from 'node:path';
import { imageArgumentsOf, splitKernelArguments } from '../../../host/index.ts';
import { type Deployment, treeOf } from './deployment.ts';
import { entriesOf, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';
import { ToolError } from './tool-error.ts';

const FOLDER = 'usr/lib/bootc/kargs.d';

/** The arguments that an image brings; undefined where it has no folder for them. @throws ToolError */
function argumentsOf(files: ReadonlyMap<string, string> | undefined): readonly string[] | undefined {
  try {
    return files && imageArgumentsOf(files, process.arch);
  } catch (error) {
    throw new ToolError(
      `Parsing ${FOLDER}/*.toml: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * The command line of a new deployment as bootc makes it of the booted one's (host-contract §4.2). Where the new image has no
 * folder for arguments at all, nothing is taken away.
 */
export function bootcArguments(machine: MachineFolder, booted: Deployment, commit: string): string {
  const line = [...splitKernelArguments(booted.options)];
  const folder = join(treeOf(machine, booted), FOLDER);
  const names = entriesOf(folder);
  const before =
    names.length === 0
      ? undefined
      : new Map(names.map(({ name }) => [name, textOf(join(folder, name)) ?? '']));
  const old = argumentsOf(before) ?? [];
  const tree = machine.repository.read(commit)?.tree;
  if (tree?.get(FOLDER)?.kind !== 'directory') {
    return [...line, ...old.filter((one) => !hasArgument(line, one))].join(' ');
  }
  const files = new Map<string, string>();
  for (const [path, node] of tree) {
    if (node.kind !== 'file' || !path.startsWith(`${FOLDER}/`) || path.slice(FOLDER.length + 1).includes('/'))
      continue;
    files.set(path.slice(FOLDER.length + 1), machine.repository.contents(node.object).toString('utf8'));
  }
  const brought = argumentsOf(files) ?? [];
  const kept = line.filter((one) => !(hasArgument(old, one) && !hasArgument(brought, one)));
  const added = brought.filter((one) => !hasArgument(old, one) && !hasArgument(kept, one));
  return [...kept, ...added].join(' ');
}

/** What an image brings to the first deployment of a machine, beside its own. */
export function firstArguments(machine: MachineFolder, own: readonly string[], commit: string): string {
  const files = new Map<string, string>();
  for (const [path, node] of machine.repository.read(commit)?.tree ?? []) {
    if (node.kind !== 'file' || !path.startsWith(`${FOLDER}/`)) continue;
    files.set(path.slice(FOLDER.length + 1), machine.repository.contents(node.object).toString('utf8'));
  }
  const brought = argumentsOf(files) ?? [];
  return [...own, ...brought.filter((one) => !hasArgument(own, one))].join(' ');
}

/** The command line when a source asks for other arguments than before; undefined when it does not. */
export function withSource(
  deployment: Deployment,
  source: string,
  wanted: string | undefined,
): { readonly options: string; readonly sources: Readonly<Record<string, string>> } | undefined {
  const before = deployment.sources[source];
  if (before === wanted || (before === undefined && wanted === '')) return undefined;
  const line = [...splitKernelArguments(deployment.options)];
  for (const argument of splitKernelArguments(before ?? '')) {
    const at = line.indexOf(argument);
    if (at >= 0) line.splice(at, 1);
  }
  line.push(...splitKernelArguments(wanted ?? ''));
  const { [source]: _, ...others } = deployment.sources;
  const sources = wanted === undefined ? others : { ...others, [source]: wanted };
  return { options: line.join(' '), sources };
}

/** The same key, dash and underscore alike, and the same value. */
function hasArgument(line: readonly string[], argument: string): boolean {
  return line.some((one) => canonical(one) === canonical(argument));
}

function canonical(argument: string): string {
  const [key = '', ...value] = argument.split('=');
  return [key.replaceAll('-', '_'), ...value].join('=');
}
