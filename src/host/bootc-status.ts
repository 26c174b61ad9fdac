import type { DeployedImage, Deployment, HostStatus } from './host-status.ts';
import type { HostImageReference, ImageSignature } from './image-reference.ts';
import { StatusDocument } from './status-document.ts';

const API_VERSION = /^org\.containers\.bootc\/v1(alpha1)?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const CHECKSUM = /^[0-9a-f]{64}$/;

/**
 * Reads `bootc status --format=json` of any release since 0.1.13 (host-contract §1.4). Required is what the format
 * has always had; `downloadOnly`, `stateroot` and the like came later and have a meaning when absent.
 *
 * @throws {HostError} `unreadable`
 */
export function readBootcStatus(text: string): HostStatus {
  return bootcStatus(StatusDocument.parse('bootc', text));
}

/** The same of a value, as of a document that was read as YAML. */
export function bootcStatus(host: StatusDocument): HostStatus {
  host.member('apiVersion').matching(API_VERSION, 'org.containers.bootc/v1');
  host.member('kind').matching(/^BootcHost$/, 'BootcHost');
  const status = host.member('status');
  const read = (name: string): Deployment | undefined => {
    const entry = status.optional(name);
    return entry && deployment(entry);
  };
  // What it calls rollback is the first deployment neither booted nor staged; queued, it stands before the booted.
  const rollback = read('rollback');
  const queued = status.isTrue('rollbackQueued');
  return {
    tool: 'bootc',
    booted: withOverlay(read('booted'), status),
    staged: read('staged'),
    pending: queued ? rollback : undefined,
    rollback: queued ? undefined : rollback,
    others: status.optional('otherDeployments')?.items().map(deployment) ?? [],
    transaction: undefined,
    readOnly: status.isTrue('readOnly'),
  };
}

/** An overlay over /usr is the running system's, and told since 1.14: absent is not known, null is none. */
function withOverlay(booted: Deployment | undefined, status: StatusDocument): Deployment | undefined {
  if (booted === undefined || !status.has('usrOverlay')) return booted;
  const overlay = status.optional('usrOverlay');
  if (overlay === undefined) return { ...booted, unlocked: 'none' };
  if (overlay.text('persistence') === 'persistent') return { ...booted, unlocked: 'hotfix' };
  return { ...booted, unlocked: overlay.text('accessMode') === 'readOnly' ? 'transient' : 'development' };
}

function deployment(entry: StatusDocument): Deployment {
  const ostree = entry.optional('ostree');
  const image = imageStatus(entry.optional('image'));
  const incompatible = entry.member('incompatible').boolean();
  return {
    checksum: ostree?.member('checksum').matching(CHECKSUM, '64 hexadecimal digits'),
    serial: ostree?.member('deploySerial').integer(),
    stateroot: ostree?.text('stateroot'),
    image,
    origin: undefined,
    version: image?.version,
    pinned: entry.member('pinned').boolean(),
    locked: entry.isTrue('downloadOnly'),
    incompatible,
    local: incompatible ? undefined : { installed: [], removed: [], replaced: [], initramfs: false },
    unlocked: undefined,
    softRebootCapable: entry.optional('softRebootCapable')?.boolean(),
    softRebootPrepared: false,
    cachedUpdate: imageStatus(entry.optional('cachedUpdate')),
    composefs: entry.optional('composefs') !== undefined,
  };
}

function imageStatus(image: StatusDocument | undefined): DeployedImage | undefined {
  if (image === undefined) return undefined;
  return {
    reference: imageReference(image.member('image')),
    digest: image.member('imageDigest').matching(DIGEST, 'a sha256 digest'),
    version: image.text('version'),
    timestamp: image.text('timestamp'),
    architecture: image.text('architecture'),
  };
}

function imageReference(reference: StatusDocument): HostImageReference {
  return {
    transport: reference.member('transport').string(),
    name: reference.member('image').string(),
    signature: imageSignature(reference.optional('signature')),
  };
}

/** Absent, a word, or an object with one member; other tools' parsers fail on the word (host-contract §1.4). */
function imageSignature(signature: StatusDocument | undefined): ImageSignature {
  if (signature === undefined) return { kind: 'unverified' };
  if (!signature.isString()) {
    return { kind: 'ostree-remote', remote: signature.member('ostreeRemote').string() };
  }
  switch (signature.string()) {
    case 'insecure':
      return { kind: 'unverified' };
    case 'containerPolicy':
      return { kind: 'container-policy' };
    default:
      return signature.fail('must be containerPolicy, insecure or an ostreeRemote');
  }
}
