import type { Config, Directory, File, Link, Node, NodeOwner, Storage } from './config.ts';
import { pathProblem, resolveTarget } from './paths.ts';
import type { Findings } from './report.ts';

export function linkRule(node: Node, findings: Findings): void {
  findings.error(pathProblem(node.path), 'path');
}

export function directoryRule(directory: Directory, findings: Findings, minor: number): void {
  findings.error(pathProblem(directory.path), 'path');
  modeRule(directory.mode, findings, minor);
}

export function fileRule(file: File, findings: Findings, minor: number): void {
  findings.error(pathProblem(file.path), 'path');
  modeRule(file.mode, findings, minor);
  if (file.overwrite === true && file.contents?.source === undefined)
    findings.error('overwrite must be false if source is unspecified', 'overwrite');
}

const MAX_MODE = 0o7777;

/** Setuid, setgid and sticky: applied from spec {@link SPECIAL_BITS_SINCE} on, masked off before (host-contract §8.1). */
export const SPECIAL_BITS = 0o7000;

/** The minor number of the first spec whose setuid, setgid and sticky bits take effect: 3.6. */
export const SPECIAL_BITS_SINCE = 6;

function modeRule(mode: number | undefined, findings: Findings, minor: number): void {
  if (mode === undefined) return;
  if (mode < 0 || mode > MAX_MODE) findings.error('illegal file mode', 'mode');
  // Bits of the 64-bit integer, like the real tool: `&` alone would cut the mode to 32 bits.
  if (minor < SPECIAL_BITS_SINCE && (BigInt(mode) & BigInt(SPECIAL_BITS)) !== 0n) {
    findings.warn(
      'setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0',
      'mode',
    );
  }
}

export function ownerRule(owner: NodeOwner, findings: Findings): void {
  if (owner.id !== undefined && (owner.name ?? '') !== '') findings.error('cannot set both id and name');
}

/** No node below a link, hard links that make sense, filesystems that do not overwrite partitions. */
export function storageRule(storage: Storage, findings: Findings, minor: number): void {
  const { directories = [], files = [], links = [] } = storage;
  belowLinks('directories', directories, links, 'directory', findings);
  belowLinks('files', files, links, 'file', findings);
  for (const [index, link] of links.entries()) {
    reportBelow('links', index, link, links, 'link', findings);
    hardLinkRule(index, link, directories, findings, minor);
  }
  overwrittenDisks(storage, findings);
}

function belowLinks(
  list: string,
  nodes: readonly Node[],
  links: readonly Link[],
  kind: string,
  findings: Findings,
): void {
  if (links.length === 0) return;
  for (const [index, node] of nodes.entries()) reportBelow(list, index, node, links, kind, findings);
}

function reportBelow(
  list: string,
  index: number,
  node: Node,
  links: readonly Link[],
  kind: string,
  findings: Findings,
): void {
  for (const link of links) {
    if (node.path.startsWith(`${link.path}/`))
      findings.error(`${kind} path includes link in config`, list, index);
  }
}

function hardLinkRule(
  index: number,
  link: Link,
  directories: readonly Directory[],
  findings: Findings,
  minor: number,
): void {
  const { target = '' } = link;
  if (target === '' && minor >= 3) return findings.error('link target is required', 'links', index, 'target');
  if (link.hard !== true) return;
  const resolved = resolveTarget(link.path, target);
  for (const directory of directories) {
    if (directory.path === resolved) findings.error('hard link target is a directory', 'links', index);
  }
  for (const side of ['user', 'group'] as const) {
    for (const member of ['id', 'name'] as const) {
      if (link[side]?.[member] !== undefined)
        findings.warn('user/group ignored for hard link', 'links', index, side, member);
    }
  }
}

function overwrittenDisks({ disks = [], filesystems = [] }: Storage, findings: Findings): void {
  const byDevice = new Map(disks.map((disk) => [disk.device, disk]));
  for (const [index, filesystem] of filesystems.entries()) {
    const disk = byDevice.get(filesystem.device);
    if (disk === undefined) continue;
    if ((disk.partitions ?? []).length > 0)
      findings.warn('filesystem overwrites partitioned device', 'filesystems', index, 'device');
    else if (filesystem.wipeFilesystem !== true && disk.wipeTable === true) {
      findings.warn(
        'device matches disk with wipeTable enabled; filesystem will be wiped',
        'filesystems',
        index,
        'device',
      );
    }
  }
}

/** The directory that unit files and drop-ins are written to. */
export const UNIT_DIRECTORY = '/etc/systemd/system';

/** A node must not stand where a unit or a drop-in with contents goes. */
export function configRule(config: Config, findings: Findings): void {
  const taken = new Set<string>();
  for (const unit of config.systemd?.units ?? []) {
    const path = `${UNIT_DIRECTORY}/${unit.name}`;
    if ((unit.contents ?? '') !== '') taken.add(path);
    for (const dropin of unit.dropins ?? []) {
      if ((dropin.contents ?? '') !== '') taken.add(`${path}.d/${dropin.name}`);
    }
  }
  for (const list of ['files', 'directories', 'links'] as const) {
    const nodes: readonly Node[] = config.storage?.[list] ?? [];
    for (const [index, node] of nodes.entries()) {
      if (taken.has(node.path)) {
        const message = 'path conflicts with systemd unit or dropin';
        findings.error(message, 'storage', list, index, 'path');
      }
    }
  }
}
