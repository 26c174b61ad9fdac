import type { DeployedImage, Deployment, HostStatus, LocalChanges } from './host-status.ts';
import { parseOriginReference } from './image-reference.ts';
import { deploymentRoles, type RankedDeployment } from './deployment-roles.ts';
import { StatusDocument } from './status-document.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const CHECKSUM = /^[0-9a-f]{64}$/;

/**
 * Reads `rpm-ostree status --json` (host-contract §2.2).
 *
 * @throws {HostError} `unreadable`
 */
export function readRpmOstreeStatus(text: string): HostStatus {
  const document = StatusDocument.parse('rpm-ostree', text);
  const ranked = document.member('deployments').items().map(rankedDeployment);
  return {
    tool: 'rpm-ostree',
    ...deploymentRoles(ranked),
    transaction: transactionName(document.optional('transaction')),
    readOnly: false,
  };
}

/** `[method, sender, object path]`; an empty list is what old daemons print for none. */
function transactionName(transaction: StatusDocument | undefined): string | undefined {
  if (transaction === undefined || transaction.isEmpty()) return undefined;
  return transaction.items()[0]?.string();
}

function rankedDeployment(entry: StatusDocument): RankedDeployment {
  const booted = entry.isTrue('booted');
  return { deployment: deployment(entry), booted, staged: entry.isTrue('staged') };
}

function deployment(entry: StatusDocument): Deployment {
  const local = localChanges(entry);
  return {
    checksum: entry.member('checksum').matching(CHECKSUM, '64 hexadecimal digits'),
    serial: entry.member('serial').integer(),
    stateroot: entry.member('osname').string(),
    image: deployedImage(entry),
    origin: legacyImage(entry) ?? entry.text('origin'),
    version: entry.text('version'),
    pinned: entry.isTrue('pinned'),
    locked: entry.isTrue('finalization-locked'),
    incompatible:
      local.initramfs || [local.installed, local.removed, local.replaced].some((list) => list.length > 0),
    local,
    unlocked: entry.text('unlocked'),
    softRebootCapable: undefined,
    softRebootPrepared: false,
    cachedUpdate: undefined,
    composefs: false,
  };
}

function deployedImage(entry: StatusDocument): DeployedImage | undefined {
  const member = entry.optional('container-image-reference');
  if (member === undefined) return undefined;
  const reference = parseOriginReference(member.string()) ?? member.fail('must be an image reference');
  const seconds = entry.optional('timestamp')?.integer();
  return {
    reference,
    digest: entry.optional('container-image-reference-digest')?.matching(DIGEST, 'a sha256 digest'),
    version: entry.text('base-version') ?? entry.text('version'),
    timestamp: seconds === undefined ? undefined : new Date(seconds * 1000).toISOString(),
    architecture: undefined,
  };
}

/** Old OpenShift nodes note the image here that their commit was taken from: it is no image that they follow. */
function legacyImage(entry: StatusDocument): string | undefined {
  return entry.optional('custom-origin')?.items()[0]?.string();
}

/** What the origin asks for: it makes the groups that bootc calls incompatible, realised or not (host-contract §1.5). */
function localChanges(entry: StatusDocument): LocalChanges {
  return {
    installed: [
      ...entry.strings('requested-packages'),
      ...entry.strings('requested-local-packages'),
      ...entry.strings('requested-local-fileoverride-packages'),
    ],
    removed: entry.strings('requested-base-removals'),
    replaced: [...entry.strings('requested-base-local-replacements'), ...remoteReplacements(entry)],
    initramfs:
      entry.isTrue('regenerate-initramfs') ||
      entry.isTrue('cliwrap') ||
      entry.strings('initramfs-etc').length > 0,
  };
}

/** A list whose items' form differs between releases: that there are some is what matters. */
function remoteReplacements(entry: StatusDocument): readonly string[] {
  const replacements = entry.optional('requested-base-remote-replacements');
  return replacements === undefined || replacements.isEmpty() ? [] : ['packages of a repository'];
}
