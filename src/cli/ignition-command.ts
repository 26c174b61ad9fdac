import type { Config, ParseOutcome, TreeNode } from '../ignition/index.ts';
import {
  formatEntry,
  merge,
  parseText,
  prune,
  toTree,
  translate,
  validate,
  VERSIONS,
} from '../ignition/index.ts';
import { CliError } from './cli-error.ts';
import type { InputFile } from './input-files.ts';
import { readInputFiles } from './input-files.ts';
import { formatTable, writeResult } from './output.ts';
import type { OutputFormat } from './output.ts';

export interface IgnitionFlags {
  readonly output: OutputFormat;
}

/**
 * `varve ignition validate FILE…`: what the real `ignition-validate` says, in its words.
 *
 * @returns whether every file is valid.
 */
export async function validateCommand(paths: readonly string[], flags: IgnitionFlags): Promise<boolean> {
  const files = await readInputFiles(paths);
  const outcomes = files.map(({ name, text }) => ({ name, outcome: parseText(text) }));
  const value = outcomes.map(({ name, outcome }) => ({
    file: name,
    valid: outcome.ok,
    ...(outcome.ok ? { version: outcome.version } : {}),
    ...(!outcome.ok && outcome.reason !== undefined ? { reason: outcome.reason } : {}),
    entries: outcome.report.entries,
  }));
  writeResult(flags.output, value, () =>
    outcomes
      .map(({ name, outcome }) => {
        const prefix = files.length === 1 ? '' : `${name}: `;
        return outcome.report.entries.map((entry) => `${prefix}${formatEntry(entry)}\n`).join('');
      })
      .join(''),
  );
  for (const { name, outcome } of outcomes) {
    if (outcome.ok || outcome.reason === undefined) continue;
    process.stderr.write(
      `${files.length === 1 ? '' : `${name}: `}couldn't parse config: ${outcome.reason}\n`,
    );
  }
  return outcomes.every(({ outcome }) => outcome.ok);
}

/** `varve ignition merge FILE FILE…`: the later one is the child of what came before, as with MachineConfigs. */
export async function mergeCommand(paths: readonly string[], flags: IgnitionFlags): Promise<void> {
  const configs = (await readInputFiles(paths)).map(parseFile);
  const newest = configs.map((config) => config.ignition.version).reduce((a, b) => (a > b ? a : b));
  const version = VERSIONS.find((candidate) => candidate === newest) ?? '3.6.0';
  const merged = configs
    .map((config) => translate(config, version))
    .reduce((parent, child) => merge(parent, child));
  const report = validate(merged);
  for (const entry of report.entries) process.stderr.write(`${formatEntry(entry)}\n`);
  if (report.fatal)
    throw new CliError('input', 'cannot merge: each config is valid, but not what they are together');
  const format = flags.output === 'text' ? 'json' : flags.output;
  writeResult(format, prune(merged), () => '');
}

/** `varve ignition tree FILE`: what the config puts where. */
export async function treeCommand(path: string, flags: IgnitionFlags): Promise<void> {
  const [file] = await readInputFiles([path]);
  if (file === undefined) throw new CliError('input', `cannot read ${path}: it holds no config`);
  const tree = toTree(parseFile(file));
  const value = {
    nodes: tree.nodes.map((node) =>
      node.type === 'file' ? { ...node, contents: undefined, append: undefined, size: sizeOf(node) } : node,
    ),
    units: tree.units.map(({ name, enabled, mask, dropins }) => ({
      name,
      enabled,
      mask,
      dropins: dropins.map((dropin) => dropin.name),
    })),
    users: tree.users.map(({ name, sshAuthorizedKeys }) => ({ name, sshAuthorizedKeys })),
    groups: tree.groups.map(({ name, gid }) => ({ name, gid })),
    kernelArguments: tree.kernelArguments,
    firstBootOnly: tree.firstBootOnly,
  };
  writeResult(flags.output, value, () =>
    [
      formatTable(tree.nodes.map(describeNode)),
      ...tree.units.flatMap(({ name, enabled }) =>
        enabled === undefined ? [] : [`${enabled ? 'enable' : 'disable'} ${name}\n`],
      ),
      ...tree.groups.map(({ name }) => `group ${name}\n`),
      ...tree.users.map(
        ({ name, sshAuthorizedKeys }) => `user ${name}, ${sshAuthorizedKeys?.length ?? 0} ssh keys\n`,
      ),
      ...tree.kernelArguments.shouldExist.map((argument) => `kernel argument ${argument}\n`),
      ...tree.kernelArguments.shouldNotExist.map((argument) => `no kernel argument ${argument}\n`),
      ...tree.firstBootOnly.map((section) => `${section}: on first boot only\n`),
    ].join(''),
  );
}

function describeNode(node: TreeNode): readonly string[] {
  switch (node.type) {
    case 'file':
      return [
        'file',
        (node.mode ?? 0o644).toString(8).padStart(4, '0'),
        ownerOf(node),
        node.path,
        `${sizeOf(node)} bytes`,
      ];
    case 'directory':
      return ['dir', (node.mode ?? 0o755).toString(8).padStart(4, '0'), ownerOf(node), node.path, ''];
    case 'symlink':
      return ['link', '', ownerOf(node), node.path, `-> ${node.target}`];
    case 'hardlink':
      return ['hard', '', '', node.path, `= ${node.target}`];
  }
}

function ownerOf(node: Extract<TreeNode, { user: unknown }>): string {
  const one = (owner: { id?: number; name?: string }): string => owner.name ?? String(owner.id ?? 0);
  return `${one(node.user)}:${one(node.group)}`;
}

function sizeOf(node: Extract<TreeNode, { type: 'file' }>): number {
  return [node.contents, ...node.append].reduce((sum, part) => sum + (part?.length ?? 0), 0);
}

function parseFile({ name, text }: InputFile): Config {
  const outcome: ParseOutcome = parseText(text);
  const entries = outcome.report.entries.map(formatEntry);
  if (!outcome.ok)
    throw new CliError('input', `cannot read ${name}: ${outcome.reason ?? entries.join('\n  ')}`);
  for (const entry of entries) process.stderr.write(`${name}: ${entry}\n`);
  return outcome.config;
}
