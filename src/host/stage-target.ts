import { foundFailure } from './classify-failure.ts';
import { FailedStep } from './failed-step.ts';
import type { StageRequest, Tolerance } from './host-driver.ts';
import { HostError } from './host-error.ts';
import type { HostFailure } from './host-failure.ts';
import { type Deployment, type DeployTool, type HostStatus, isImage } from './host-status.ts';
import { type HostImageReference, pinnedDigest } from './image-reference.ts';
import { excessOfLine } from './kernel-arguments.ts';

/** The image of a request, by digest. */
export interface StageTarget {
  readonly reference: HostImageReference;
  readonly digest: string;
}

/** @throws {HostError} `invalid-argument` for a reference that is not by digest: what it would give could not be checked */
export function stageTarget(request: StageRequest): StageTarget {
  const reference: HostImageReference = {
    transport: 'registry',
    name: request.image,
    signature: { kind: request.enforceSignature === true ? 'container-policy' : 'unverified' },
  };
  const digest = pinnedDigest(reference);
  if (digest === undefined || !/^[a-zA-Z0-9][^\s]*@/.test(request.image)) {
    const reason = `it must be HOST/REPOSITORY@sha256:…, received ${JSON.stringify(request.image.slice(0, 200))}`;
    throw new HostError('invalid-argument', `cannot stage an image: ${reason}`);
  }
  return { reference, digest };
}

/**
 * What a host still lacks of having the image, and it alone, as its next boot. With `again` the host runs the image
 * already but needs a deployment of it with other kernel arguments.
 */
export function lackOfStage(
  status: HostStatus,
  target: StageTarget,
  locked: boolean,
  again: boolean,
): string | undefined {
  const { booted, staged } = status;
  if (staged === undefined && isImage(booted, target.digest) && !again) return undefined;
  if (staged === undefined) return 'nothing is staged';
  if (!isImage(staged, target.digest)) return `${nameOf(staged)} is staged`;
  if (staged.locked === locked) return undefined;
  return locked ? 'the staged image is not locked' : 'the staged image is locked';
}

/** Why nothing may be staged on a host of this status (host-contract §10.1, 4). */
export function refuseStage(
  tool: DeployTool,
  status: HostStatus,
  tolerate: readonly Tolerance[] = [],
): HostFailure | undefined {
  if (status.readOnly) {
    return foundFailure('not-image-host', tool, 'cannot stage an image: the host runs from read-only media');
  }
  for (const [role, deployment] of [
    ['booted', status.booted],
    ['staged', status.staged],
  ] as const) {
    if (deployment === undefined) continue;
    if (deployment.incompatible && !tolerate.includes('local-changes')) {
      const changes = namesOfChanges(deployment);
      const message = `cannot stage an image: the ${role} deployment was changed on the host${changes}`;
      return foundFailure('layered', tool, message);
    }
  }
  const { booted } = status;
  if (booted?.unlocked !== undefined && booted.unlocked !== 'none' && !tolerate.includes('unlocked')) {
    const message = `cannot stage an image: /usr of the host is unlocked (${booted.unlocked})`;
    return foundFailure('unlocked', tool, message);
  }
  if (booted?.image === undefined && !booted?.incompatible && !tolerate.includes('no-image')) {
    const origin = booted?.origin === undefined ? '' : ` but ${booted.origin}`;
    const message = `cannot stage an image: the host does not run a container image${origin}`;
    return foundFailure('not-image-host', tool, message);
  }
  return undefined;
}

/** What boot loader and deployment add: the paths of kernel and deployment. */
const OF_THE_BOOT = 256;

/**
 * Refuses a command line that the kernel would cut silently (host-contract §4.4): what is lost may be what it boots by.
 *
 * @throws {FailedStep} `command-line-too-long`
 */
export function refuseLongLine(line: readonly string[]): void {
  const excess = excessOfLine(line, process.arch, OF_THE_BOOT);
  if (excess === 0) return;
  const message = `cannot stage an image: its kernel arguments are ${excess} bytes more than the kernel reads`;
  throw new FailedStep(foundFailure('command-line-too-long', 'ostree', message));
}

function namesOfChanges({ local }: Deployment): string {
  if (local === undefined) return '';
  const parts = [
    ['packages installed', local.installed],
    ['removed', local.removed],
    ['replaced', local.replaced],
  ] as const;
  const named = parts.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${what}: ${names.join(', ')}`],
  );
  if (local.initramfs) named.push('its own initramfs');
  return named.length === 0 ? '' : ` (${named.join('; ').slice(0, 300)})`;
}

function nameOf(deployment: Deployment): string {
  return deployment.image?.reference.name ?? deployment.checksum ?? 'another deployment';
}
