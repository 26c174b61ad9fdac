import type { Config, Tree } from '../ignition/index.ts';
import { decodeResource, IgnitionError, toTree } from '../ignition/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { resolveParents } from './base-path.ts';
import { hasControlCharacter } from './control-characters.ts';
import type { EnablementLink } from './enablement.ts';
import { runcDropin } from './default-runtime.ts';
import { enableUnits, PRESET_PATH } from './enablement.ts';
import { KARGS_PATH, kargsFile, splitKernelArguments } from './kargs-file.ts';
import { MachineConfigError } from './machineconfig-error.ts';
import type { Problem } from './machineconfig-error.ts';
import { placeAccounts } from './placement-accounts.ts';
import { PlacementDraft } from './placement-draft.ts';
import type { PlacementProblem } from './placement-draft.ts';
import { placeTreeNodes } from './placement-files.ts';
import { refuseObstructed } from './placement-obstacles.ts';
import type { Placement } from './plane.ts';
import type { Provenance, ProvenanceItem } from './provenance.ts';
import { formatProblem } from './render-problems.ts';
import { formatTmpfiles, TMPFILES_PATH } from './tmpfiles.ts';
import { UnitFiles } from './unit-files.ts';

/** The boot loader's and ostree's own arguments: a second one breaks the boot (host-contract §4.2). */
const HOST_ARGUMENTS = /^(?:ostree|BOOT_IMAGE|initrd)(?:=|$)/u;

export interface PlacementInput {
  /** The merged Ignition config of the pool. */
  readonly config: Config;
  /** `spec.kernelArguments` of the rendered MachineConfig. */
  readonly kernelArguments: readonly string[];
  readonly fips: boolean;
  readonly provenance: Provenance;
  readonly base: BaseFacts;
  /** What the base's label `io.openshift.os.streamclass` says, where it has one: turns on the runc guard. */
  readonly streamClass?: string | undefined;
}

/**
 * Gives every item of a pool's configuration its one plane (architecture D4), with the reason and the MachineConfig
 * that it came from. Decides from values alone.
 *
 * @throws MachineConfigError `unplaceable` with every item that no plane of this base can hold.
 */
export function place(input: PlacementInput): Placement {
  const tree = decodeTree(input);
  const draft = new PlacementDraft(input.base, input.provenance, { users: tree.users, groups: tree.groups });
  placeTreeNodes(draft, tree.nodes);
  placeEnablement(draft, tree);
  placeAccounts(draft, tree.users, tree.groups);
  const kernelArguments = placeKernelArguments(draft, tree, input.kernelArguments);
  for (const section of tree.firstBootOnly) {
    draft.note({
      item: section,
      origin: { section },
      plane: 'firstboot',
      reason: "Only a machine's first boot can partition, format or encrypt disks.",
    });
  }
  const { config: further } = input.config.ignition;
  if (further?.replace !== undefined || (further?.merge ?? []).length > 0) {
    draft.warnings.push(
      "ignition.config names further configs, which only a machine's first boot fetches: nothing of them is in the image",
    );
  }
  if (input.fips) {
    draft.note({
      item: 'fips',
      origin: { section: 'fips' },
      plane: 'firstboot',
      reason: 'FIPS mode is set when a machine is installed; it cannot change on a running one.',
    });
  }
  const dropin = runcDropin(input.config, input.streamClass);
  if (dropin !== undefined) {
    const { path, reason } = dropin;
    draft.refuse(path, { section: 'storage.files', key: path }, reason);
  }
  if (draft.tmpfiles.length > 0) addText(draft, TMPFILES_PATH, formatTmpfiles(draft.tmpfiles));
  refuseObstructed(draft);
  if (draft.problems.length > 0) throw unplaceable(draft.problems.map(toProblem));
  return {
    nodes: [...draft.nodes.values()],
    removals: [...draft.removals],
    items: draft.items,
    kernelArguments,
    warnings: draft.warnings,
  };
}

function placeEnablement(draft: PlacementDraft, tree: Tree): void {
  const enablement = enableUnits(tree.units, draft.base, new UnitFiles(draft.base, draft.nodes));
  const origin = (unit: string): { section: 'systemd.units'; key: string } => ({
    section: 'systemd.units',
    key: unit,
  });
  for (const link of enablement.links) {
    const item = `unit ${link.unit}: enabled`;
    const path = placeEnablementLink(draft, link, item, origin(link.unit));
    if (typeof path !== 'string') draft.refuse(item, origin(link.unit), path.refusal);
    else {
      draft.note({
        item,
        origin: origin(link.unit),
        plane: 'etc',
        reason:
          'Enabled by the link that `systemctl enable` makes: a preset does nothing on a node that has booted before.',
        target: link.path,
        paths: [path],
      });
    }
  }
  for (const { path, unit } of enablement.removals) {
    draft.removals.add(path);
    draft.note({
      item: `unit ${unit}: disabled`,
      origin: origin(unit),
      plane: 'etc',
      reason: 'The base image enables or masks the unit with this link; the configuration takes it away.',
      target: path,
    });
  }
  for (const { unit, message } of enablement.warnings) draft.warn(origin(unit), message);
  if (enablement.presets.length > 0) addText(draft, PRESET_PATH, `${enablement.presets.join('\n')}\n`);
}

/** Adds the link unless the base has it; a unit that somebody wrote, or another link, is never replaced by one. */
function placeEnablementLink(
  draft: PlacementDraft,
  link: EnablementLink,
  item: string,
  origin: ProvenanceItem,
): string | { refusal: string } {
  const { target } = link;
  const resolved = resolveParents(draft.base, link.path);
  if (!resolved.ok) return { refusal: `its link ${link.path} cannot be: ${resolved.reason}` };
  const { path } = resolved;
  const there = draft.base.entry(path);
  if (there?.type === 'symlink' && isSameUnit(there.target, link)) return path;
  const claim = draft.claims.get(path);
  if (claim !== undefined) {
    const placed = draft.nodes.get(path);
    if (placed?.type === 'symlink' && placed.target === target && claim.origin.section === 'systemd.units')
      return path;
    return { refusal: `its link ${path} would replace ${draft.nameOf(claim)}; leave one of the two out` };
  }
  if (there !== undefined) {
    return {
      refusal: `its link ${path} would replace ${there.type === 'symlink' ? `the link to ${there.target}` : 'what is there'} in the base image; take it out of the unit's [Install] section`,
    };
  }
  draft.claims.set(path, { item, origin, isDirectory: false });
  return draft.addNode({ type: 'symlink', path, target, uid: 0, gid: 0 });
}

/**
 * Whether a link of the base does already what an enablement link would. Of a link below .wants and the like systemd reads
 * only the name, so the base's own goes on working where the configuration brings another file for the unit.
 */
function isSameUnit(found: string, { path, target }: EnablementLink): boolean {
  if (/\.(?:wants|requires|upholds)\/[^/]+$/u.test(path)) return found !== '/dev/null';
  return found.slice(found.lastIndexOf('/') + 1) === target.slice(target.lastIndexOf('/') + 1);
}

function placeKernelArguments(
  draft: PlacementDraft,
  tree: Tree,
  fromSpec: readonly string[],
): readonly string[] {
  const placed = new Set<string>();
  const sequence: string[] = [];
  for (const entry of [...fromSpec, ...tree.kernelArguments.shouldExist]) {
    const origin = { section: 'kernelArguments', key: entry } as const;
    const item = `kernel argument ${entry}`;
    const pieces = splitKernelArguments(entry);
    const forbidden = pieces.find((piece) => HOST_ARGUMENTS.test(piece));
    if (hasControlCharacter(entry)) draft.refuse(item, origin, 'it holds a control character');
    else if (pieces.length === 0) draft.refuse(item, origin, 'it is empty');
    else if (entry.split('"').length % 2 === 0) {
      draft.refuse(
        item,
        origin,
        'it has an opening double quote without its closing one, which would swallow the next argument',
      );
    } else if (forbidden !== undefined) {
      draft.refuse(
        item,
        origin,
        `${forbidden.split('=', 1)[0] ?? ''} belongs to the boot loader and ostree; a second one breaks the boot`,
      );
    } else {
      for (const piece of pieces) {
        if (placed.has(piece) && changesMeaning(sequence)) {
          draft.warn(
            origin,
            `kernel argument ${piece} after ${sequence.at(-1) ?? ''} has no effect: it is there once already, and bootc keeps ` +
              'one of each; give it another value, or have a unit set it at run time',
          );
        }
        sequence.push(piece);
        placed.add(piece);
      }
      draft.note({
        item,
        origin,
        plane: 'kargs',
        reason:
          "In the image's kargs.d: bootc adds it when the image is staged and takes it away with the image.",
        paths: [KARGS_PATH],
      });
    }
  }
  for (const entry of tree.kernelArguments.shouldNotExist) {
    draft.note({
      item: `kernel argument ${entry}: absent`,
      origin: { section: 'kernelArguments', key: entry },
      plane: 'live',
      reason:
        "An image can only add kernel arguments; taking a machine's own away is for the agent on the node.",
    });
  }
  addText(draft, KARGS_PATH, kargsFile([...placed]));
  return [...placed];
}

/** Whether the last argument was given before with another value, as hugepagesz= is to qualify the hugepages= after it. */
function changesMeaning(sequence: readonly string[]): boolean {
  const last = sequence.at(-1) ?? '';
  const key = `${last.split('=', 1)[0] ?? ''}=`;
  return sequence.some((piece) => piece !== last && piece.startsWith(key));
}

function addText(draft: PlacementDraft, path: string, text: string): void {
  draft.addNode({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(text) });
}

/** The tree of the configuration; where contents cannot be had, which MachineConfigs they are of. */
function decodeTree({ config, provenance }: PlacementInput): Tree {
  try {
    return toTree(config);
  } catch (error) {
    if (!(error instanceof IgnitionError)) throw error;
    const problems = (config.storage?.files ?? []).flatMap(({ path, contents, append = [] }): Problem[] => {
      const origin = { section: 'storage.files', key: path } as const;
      for (const resource of contents === undefined ? append : [contents, ...append]) {
        try {
          decodeResource(resource, `the contents of ${path}`);
        } catch (cause) {
          if (!(cause instanceof IgnitionError)) throw cause;
          const machineConfigs = provenance.of(origin);
          return [describe(cause.message, { machineConfigs, field: provenance.field(origin) })];
        }
      }
      return [];
    });
    if (problems.length === 0) throw error;
    throw unplaceable(problems);
  }
}

function toProblem(problem: PlacementProblem): Problem {
  return describe(`${problem.item}: ${problem.reason}`, problem);
}

function describe(
  message: string,
  { machineConfigs, field }: Pick<PlacementProblem, 'field' | 'machineConfigs'>,
): Problem {
  const machineConfig = machineConfigs.at(-1);
  return {
    message,
    ...(machineConfig === undefined ? {} : { machineConfig }),
    ...(field === undefined ? {} : { field }),
  };
}

function unplaceable(problems: readonly Problem[]): MachineConfigError {
  const { machineConfig, field } = problems[0] ?? {};
  return new MachineConfigError(
    'unplaceable',
    `cannot place the configuration on this base image: ${problems.map(formatProblem).join('\n  ')}`,
    {
      problems,
      ...(machineConfig === undefined ? {} : { machineConfig }),
      ...(field === undefined ? {} : { field }),
    },
  );
}
