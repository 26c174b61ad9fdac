import { readFile } from 'node:fs/promises';
import type { HostRunner } from './host-runner.ts';
import type { Deployment } from './host-status.ts';
import { formatOriginReference, type HostImageReference, parseOriginReference } from './image-reference.ts';

/** Groups that say that a deployment was changed on its host (host-contract §1.5). */
const LOCAL_GROUPS = new Set(['rpmostree', 'packages', 'overrides', 'modules']);

/** Our group: other tools keep groups that they do not know, and do not take it for a local change. */
const GROUP = 'varve';
const KERNEL_ARGUMENTS = 'kernel-arguments';

/** Where a deployment came from (host-contract §3.2). */
export interface Origin {
  readonly reference: HostImageReference | undefined;
  /** An ostree ref or commit, when it is no image. */
  readonly refspec: string | undefined;
  readonly incompatible: boolean;
  /** The kernel arguments that the ostree driver staged it with; no other file tells those of a staged one. */
  readonly kernelArguments: string | undefined;
}

/** Reads the origin file of a deployment; one that is not there says nothing. */
export async function readOrigin(host: HostRunner, deployment: Deployment): Promise<Origin> {
  const { checksum, serial, stateroot } = deployment;
  const path = `/sysroot/ostree/deploy/${stateroot ?? ''}/deploy/${checksum ?? ''}.${serial ?? ''}.origin`;
  const text = await readFile(`${host.root}${path}`, 'utf8').catch(() => '');
  return parseOrigin(text);
}

/** Reads a key file as GLib does: groups in brackets, comments, `key=value` with blanks around the sign ignored. */
export function parseOrigin(text: string): Origin {
  const values = new Map<string, string>();
  const groups = new Set<string>();
  let group = '';
  for (const line of text.split('\n')) {
    const heading = /^\[([^\]]+)\]\s*$/.exec(line)?.[1];
    if (heading !== undefined) {
      group = heading;
      groups.add(heading);
    }
    const [, key, value] = /^([^#=[\]]+?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(`${group}/${key}`, value.trimEnd());
  }
  return {
    reference: parseOriginReference(values.get('origin/container-image-reference') ?? ''),
    refspec: values.get('origin/refspec') ?? values.get('origin/baserefspec'),
    incompatible: [...groups].some((name) => LOCAL_GROUPS.has(name)),
    kernelArguments: decoded(values.get(`${GROUP}/${KERNEL_ARGUMENTS}`)),
  };
}

/** Writes the origin of an image that the ostree driver stages: in the form that bootc and rpm-ostree read too. */
export function formatOrigin(reference: HostImageReference, kernelArguments: string): string {
  return [
    '[origin]',
    `container-image-reference=${formatOriginReference(reference)}`,
    '',
    `[${GROUP}]`,
    // GLib gives backslashes and line ends a meaning of its own.
    `${KERNEL_ARGUMENTS}=${encodeURIComponent(kernelArguments)}`,
    '',
  ].join('\n');
}

function decoded(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
