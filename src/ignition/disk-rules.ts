import type { Disk, Filesystem, Luks, Partition, Raid } from './config.ts';
import { pathProblem } from './paths.ts';
import type { Findings } from './report.ts';
import { sourceProblem } from './url-rules.ts';

export function deviceRule(device: string, findings: Findings): void {
  findings.error(pathProblem(device));
}

export function diskRule({ device, partitions = [] }: Disk, findings: Findings): void {
  if (device === '') return findings.error('disk device is required', 'device');
  findings.error(pathProblem(device), 'device');
  at(numberCollision(partitions), 'partition numbers collide');
  at(overlap(partitions), 'partitions overlap');
  at(labelCollision(partitions), 'cannot use the same partition label twice');

  function at(index: number | undefined, message: string): void {
    if (index !== undefined) findings.error(message, 'partitions', index);
  }
}

/** The second partition of the first number that two have. */
function numberCollision(partitions: readonly Partition[]): number | undefined {
  const byNumber = Map.groupBy(partitions.keys(), (index) => partitions[index]?.number ?? 0);
  for (const [number, indexes] of byNumber) {
    if (number !== 0 && indexes.length > 1) return indexes[1];
  }
  return undefined;
}

function labelCollision(partitions: readonly Partition[]): number | undefined {
  const seen = new Set<string>();
  for (const [index, { label }] of partitions.entries()) {
    if (label === undefined) continue;
    if (seen.has(label)) return index;
    seen.add(label);
  }
  return undefined;
}

interface Extent {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** Only partitions with a start and a size are compared: the others are placed when the disk is known. */
function overlap(partitions: readonly Partition[]): number | undefined {
  const extents: Extent[] = [];
  for (const [index, { startMiB: start = 0, sizeMiB: size }] of partitions.entries()) {
    if (start === 0 || size === undefined) continue;
    // Size 0 fills what is free, so it is known to reach its start only.
    extents.push({ index, start, end: size === 0 ? start : start + size - 1 });
  }
  for (const one of extents) {
    const other = extents.find((other) => other !== one && overlaps(one, other));
    if (other !== undefined) return other.index;
  }
  return undefined;
}

function overlaps(one: Extent, other: Extent): boolean {
  return (
    (one.start >= other.start && one.start <= other.end) ||
    (one.end >= other.start && one.end <= other.end) ||
    (one.start < other.start && one.end > other.end)
  );
}

export function partitionRule(partition: Partition, findings: Findings): void {
  const { label, guid = '', typeGuid = '', startMiB, sizeMiB } = partition;
  const described =
    label !== undefined || typeGuid !== '' || guid !== '' || startMiB !== undefined || sizeMiB !== undefined;
  if (partition.shouldExist === false && described)
    findings.error('shouldExist specified false with other options also specified');
  if ((partition.number ?? 0) === 0 && label === undefined)
    findings.error('a partition number >= 1 or a label must be specified');
  findings.error(labelProblem(label), 'label');
  findings.error(guidProblem(guid), 'guid');
  findings.error(guidProblem(typeGuid), 'typeGuid');
}

function labelProblem(label = ''): string | undefined {
  if (Buffer.byteLength(label) > 36) return 'partition labels may not exceed 36 characters';
  return label.includes(':') ? 'partition label will be truncated to text before the colon' : undefined;
}

const GUID = /^(?:|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})$/;

function guidProblem(guid: string): string | undefined {
  return GUID.test(guid) ? undefined : 'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"';
}

/** Per format: the longest label in bytes. */
const LABEL_LIMITS: ReadonlyMap<string, number> = new Map([
  ['ext4', 16],
  ['btrfs', 256],
  ['xfs', 12],
  ['swap', 15],
  ['vfat', 11],
]);

export function filesystemRule(filesystem: Filesystem, findings: Findings, minor: number): void {
  const { path = '', format = '', device } = filesystem;
  if (path !== '') findings.error(pathProblem(path), 'path');
  if (minor >= 7 && format === 'virtiofs') findings.error(tagProblem(device), 'device');
  else findings.error(pathProblem(device), 'device');
  findings.error(formatProblem(filesystem, minor), 'format');
  findings.error(filesystemLabelProblem(filesystem, minor), 'label');
  if (minor >= 7 && format === 'virtiofs') virtiofsRule(filesystem, findings);
}

/** A virtiofs device is a tag of the hypervisor, no path. */
function tagProblem(device: string): string | undefined {
  if (device === '') return 'device not specified';
  return Buffer.byteLength(device) > 36 ? 'virtiofs device tag cannot be longer than 36 bytes' : undefined;
}

function virtiofsRule(filesystem: Filesystem, findings: Findings): void {
  if ((filesystem.uuid ?? '') !== '')
    findings.error('filesystem uuid cannot be set for non-block-device filesystems', 'uuid');
  if (filesystem.wipeFilesystem === true) {
    findings.error('wipeFilesystem cannot be set for non-block-device filesystems', 'wipeFilesystem');
  }
  if ((filesystem.options ?? []).length > 0) {
    findings.error('filesystem options (mkfs) cannot be set for non-block-device filesystems', 'options');
  }
}

function formatProblem(filesystem: Filesystem, minor: number): string | undefined {
  const { format = '', path = '', label = '', uuid = '' } = filesystem;
  if (format !== '') {
    const known =
      LABEL_LIMITS.has(format) || (minor >= 3 && format === 'none') || (minor >= 7 && format === 'virtiofs');
    return known ? undefined : 'invalid filesystem format';
  }
  const described =
    [path, label, uuid].some((text) => text !== '') ||
    filesystem.wipeFilesystem === true ||
    (filesystem.mountOptions ?? []).length > 0 ||
    (filesystem.options ?? []).length > 0;
  return described
    ? 'format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified'
    : undefined;
}

function filesystemLabelProblem(filesystem: Filesystem, minor: number): string | undefined {
  const { label = '', format = '' } = filesystem;
  if (label === '') return undefined;
  if (format === '') return 'filesystem must specify format if label is specified';
  if (minor >= 7 && format === 'virtiofs') return 'filesystem labels cannot be set when using virtiofs';
  const limit = LABEL_LIMITS.get(format);
  return limit !== undefined && Buffer.byteLength(label) > limit
    ? `filesystem labels cannot be longer than ${limit} characters when using ${format}`
    : undefined;
}

export function raidRule(raid: Raid, findings: Findings, minor: number): void {
  findings.error(levelProblem(raid, minor), 'level');
  if ((raid.devices ?? []).length === 0) findings.error('raid devices required', 'devices');
}

const STRIPED: ReadonlySet<string> = new Set(['linear', 'raid0', '0', 'stripe']);
const REDUNDANT: ReadonlySet<string> = new Set([
  'raid1',
  '1',
  'mirror',
  'raid4',
  '4',
  'raid5',
  '5',
  'raid6',
  '6',
  'raid10',
  '10',
]);

function levelProblem({ level = '', spares = 0 }: Raid, minor: number): string | undefined {
  if (level === '' && minor >= 3) return 'raid level is required';
  if (STRIPED.has(level)) return spares === 0 ? undefined : 'spares unsupported for linear and raid0 arrays';
  return REDUNDANT.has(level) ? undefined : 'unrecognized raid level';
}

/** The longest LUKS2 label in bytes. */
const MAX_LUKS_LABEL = 47;

export function luksRule(luks: Luks, findings: Findings, minor: number): void {
  if (luks.name.includes('/')) findings.error('device names cannot contain slashes', 'name');
  if (Buffer.byteLength(luks.label ?? '') > MAX_LUKS_LABEL)
    findings.error('luks device labels cannot be longer than 47 characters', 'label');
  const { device = '' } = luks;
  findings.error(device === '' ? 'disk device is required' : pathProblem(device), 'device');

  const { custom, tang = [], tpm2, threshold = 0 } = luks.clevis ?? {};
  // Spec 3.2 asks whether there is a `custom` at all, later ones whether it names a pin.
  const isCustom = minor < 3 ? custom !== undefined : (custom?.pin ?? '') !== '';
  const isPlain = tang.length > 0 || tpm2 === true || threshold !== 0;
  if (isCustom && isPlain)
    findings.error('cannot use custom clevis config with tpm2, tang, or threshold', 'clevis');

  const source = luks.keyFile?.source;
  if (sourceProblem(source, minor) !== undefined) findings.error('invalid key-file source', 'keys');
  if (luks.cex?.enabled !== true) return;
  if (isCustom || isPlain) findings.error('cannot use cex with clevis', 'cex');
  if ((source ?? '') !== '') findings.error('cannot use key file with cex', 'cex');
}
