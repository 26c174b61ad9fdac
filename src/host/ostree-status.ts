import { deploymentRoles, type RankedDeployment } from './deployment-roles.ts';
import type { Deployment, HostStatus } from './host-status.ts';
import { StatusDocument } from './status-document.ts';

const CHECKSUM = /^[0-9a-f]{64}$/;

/** `* STATEROOT CHECKSUM.SERIAL (role) (soft-reboot)`; a star marks the booted one. */
const HEADING = /^([* ]) (\S+) ([0-9a-f]{64})\.(\d+)((?: \([a-z -]+\))*)$/;

/** A deployment with its place in `ostree admin status`, which other verbs of ostree take as its name. */
export interface IndexedDeployment extends RankedDeployment {
  readonly index: number;
}

/**
 * Reads `ostree admin status --json`, which ostree has since 2025.3 (host-contract §3.5). It tells no image: that is
 * in the commits' metadata, and what was changed on the host in the origin files.
 *
 * @throws {HostError} `unreadable`
 */
export function readOstreeStatus(text: string): HostStatus {
  return ostreeStatus(readOstreeDeployments(text));
}

/** The same, in boot order. */
export function readOstreeDeployments(text: string): readonly IndexedDeployment[] {
  const document = StatusDocument.parse('ostree', text);
  return document.member('deployments').items().map(fromJson).map(indexed);
}

/**
 * Reads what `ostree admin status` prints for people, which is all that an older one has. Lines that are not known
 * are nobody's business, but each must belong to a deployment.
 *
 * @throws {HostError} `unreadable`
 */
export function readOstreeStatusText(text: string): HostStatus {
  return ostreeStatus(readOstreeDeploymentsText(text));
}

/** The same, in boot order. */
export function readOstreeDeploymentsText(text: string): readonly IndexedDeployment[] {
  const ranked: RankedDeployment[] = [];
  for (const line of text.split('\n')) {
    const heading = HEADING.exec(line);
    if (heading !== null) {
      ranked.push(fromHeading(heading));
      continue;
    }
    const latest = ranked.pop();
    if (latest === undefined) {
      if (line.trim() === '' || line === 'No deployments.') continue;
      return StatusDocument.of('ostree', line).fail('must begin with a deployment');
    }
    if (line !== '' && !line.startsWith('    ')) {
      return StatusDocument.of('ostree', line).fail('must be a line of a deployment');
    }
    ranked.push({ ...latest, deployment: withLine(latest.deployment, line.trim()) });
  }
  return ranked.map(indexed);
}

function indexed(ranked: RankedDeployment, index: number): IndexedDeployment {
  return { ...ranked, index };
}

/** The deployments' roles, as a status. */
export function ostreeStatus(ranked: readonly RankedDeployment[]): HostStatus {
  return { tool: 'ostree', ...deploymentRoles(ranked), transaction: undefined, readOnly: false };
}

/** What ostree does not tell is undefined: images, changes on the host, soft reboots that are possible. */
const UNTOLD = {
  image: undefined,
  incompatible: false,
  local: undefined,
  softRebootCapable: undefined,
  cachedUpdate: undefined,
  composefs: false,
} as const;

function fromJson(entry: StatusDocument): RankedDeployment {
  return {
    booted: entry.member('booted').boolean(),
    staged: entry.isTrue('staged'),
    deployment: {
      ...UNTOLD,
      checksum: entry.member('checksum').matching(CHECKSUM, '64 hexadecimal digits'),
      serial: entry.member('serial').integer(),
      stateroot: entry.member('stateroot').string(),
      origin: entry.text('refspec'),
      version: entry.text('version'),
      pinned: entry.isTrue('pinned'),
      locked: entry.isTrue('finalization-locked'),
      unlocked: entry.text('unlocked'),
      softRebootPrepared: entry.isTrue('soft-reboot-target'),
    },
  };
}

function fromHeading(heading: RegExpExecArray): RankedDeployment {
  const [, marker, stateroot, checksum, serial, roles = ''] = heading;
  const locked = roles.includes('(finalization locked)');
  return {
    booted: marker === '*',
    // A locked one is staged; the word of the lock stands in the place of the other.
    staged: locked || roles.includes('(staged)'),
    deployment: {
      ...UNTOLD,
      checksum,
      serial: Number(serial),
      stateroot,
      origin: undefined,
      version: undefined,
      pinned: false,
      locked,
      unlocked: 'none',
      softRebootPrepared: roles.includes('(soft-reboot)'),
    },
  };
}

function withLine(deployment: Deployment, line: string): Deployment {
  const [, name, value] = /^([A-Za-z ]+): (.*)$/.exec(line) ?? [];
  switch (name) {
    case 'Version':
      return { ...deployment, version: value };
    case 'Unlocked':
      return { ...deployment, unlocked: value };
    case 'Pinned':
      return { ...deployment, pinned: value === 'yes' };
    case 'origin refspec':
      return { ...deployment, origin: value };
    case undefined:
    default:
      return deployment;
  }
}
