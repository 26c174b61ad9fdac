import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Deployment, HostStatus } from '../host/index.ts';
import { type NodeRule, nodeRules, TMPFILES_PATH } from '../machineconfig/index.ts';
import { PROVENANCE_PATH, type ProvenanceMap, readProvenanceMap } from '../osbuild/index.ts';
import { codeOf } from './file-problem.ts';
import { HostFolder } from './host-folder.ts';

/** The tree of an image on a host: what runs, or another deployment's folder. */
export interface ImageTree {
  /** The tree's own root as this process sees it. */
  readonly root: string;
  /** Undefined for an image that Varve did not make. */
  readonly provenance: ProvenanceMap | undefined;
  /** What it says of the node's /var, /run and /tmp; undefined in a form that this agent does not know. */
  readonly rules: readonly NodeRule[] | undefined;
}

/** @param path the tree's folder as the host names it: '' for what runs, or what `folderOf` says */
export async function readImageTree(hostRoot: string, path: string): Promise<ImageTree> {
  const root = `${hostRoot}${path}`;
  const provenance = await textOf(`${root}${PROVENANCE_PATH}`);
  const tmpfiles = await textOf(`${root}${TMPFILES_PATH}`);
  return {
    root,
    provenance: provenance === undefined ? undefined : readProvenanceMap(Buffer.from(provenance)),
    rules: tmpfiles === undefined ? [] : nodeRules(tmpfiles),
  };
}

/** Where a host keeps the tree of a deployment (host-contract §3.1); undefined on a backend without such folders. */
export function folderOf({ checksum, serial, stateroot }: Deployment): string | undefined {
  if (checksum === undefined || serial === undefined || stateroot === undefined) return undefined;
  return `/sysroot/ostree/deploy/${stateroot}/deploy/${checksum}.${serial}`;
}

/**
 * The other deployments that may have run on the /var that the booted one runs on: an agent in them, or none, may have left
 * there what this one has never heard of.
 */
export function formerFolders(status: HostStatus): readonly string[] {
  const { booted, pending, rollback, others } = status;
  return [pending, rollback, ...others]
    .filter((one) => one !== undefined && one.stateroot === booted?.stateroot)
    .map((one) => (one === undefined ? undefined : folderOf(one)))
    .filter((folder) => folder !== undefined);
}

/** A regular file of an image; undefined where it has none. */
export async function readImageFile(
  { root }: Pick<ImageTree, 'root'>,
  path: string,
): Promise<Buffer | undefined> {
  const at = path.lastIndexOf('/');
  await using folder = await HostFolder.open(root, path.slice(0, at));
  const file = await folder?.openFile(path.slice(at + 1));
  if (file === undefined) return undefined;
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export function sha256Of(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
