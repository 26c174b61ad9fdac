import {
  bootedName,
  type Deployment,
  kernelOf,
  listedDeployments,
  Origin,
  isMarkedLocked,
  stagedDeployment,
  treeOf,
  bootableDeployments,
} from './deployment.ts';
import { IMAGE_CONFIG, MANIFEST_DIGEST } from './metadata-keys.ts';
import { statOf, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';

/** All that tools tell of a deployment. */
export interface DeploymentFacts {
  readonly deployment: Deployment;
  readonly index: number;
  readonly isBooted: boolean;
  readonly isStaged: boolean;
  /** By its record, as newer tools lock it. */
  readonly isLocked: boolean;
  /** By the file that older ones lock it by. */
  readonly isMarked: boolean;
  readonly isPinned: boolean;
  readonly isSoftRebootTarget: boolean;
  readonly isSoftRebootCapable: boolean;
  readonly origin: Origin;
  /** As its origin has it: `ostree-unverified-registry:HOST/REPOSITORY@DIGEST`. */
  readonly imageReference: string | undefined;
  readonly digest: string | undefined;
  readonly version: string | undefined;
  /** RFC 3339. */
  readonly timestamp: string | undefined;
  readonly architecture: string | undefined;
  readonly layered: readonly string[];
  /** The commit that the packages were layered on. */
  readonly base: string | undefined;
}

/** Where the root of a soft reboot to come is; here it says which deployment's. */
export const NEXT_ROOT = 'run/nextroot';

/** Groups of an origin that say that a deployment was changed on its host (host-contract §1.5). */
const LOCAL_GROUPS = ['rpmostree', 'packages', 'overrides', 'modules'];

export function readDeployments(machine: MachineFolder): readonly DeploymentFacts[] {
  const staged = stagedDeployment(machine);
  const booted = bootedName(machine);
  const running = bootableDeployments(machine).find((one) => one.name === booted);
  const nextRoot = textOf(machine.at(NEXT_ROOT));
  return listedDeployments(machine).map((deployment, index) => {
    const origin = new Origin(machine, deployment);
    const isStaged = deployment.name === staged?.name;
    const metadata = machine.repository.metadata(deployment.checksum) ?? {};
    const { timestamp, architecture } = imageFacts(metadata[IMAGE_CONFIG]);
    return {
      deployment,
      index,
      origin,
      isBooted: deployment.name === booted,
      isStaged,
      isLocked: isStaged && staged.locked,
      isMarked: isStaged && isMarkedLocked(machine),
      isPinned: origin.isPinned,
      isSoftRebootTarget: deployment.name === nextRoot,
      isSoftRebootCapable: running !== undefined && isSoftRebootable(machine, running, deployment),
      imageReference: origin.get('origin', 'container-image-reference'),
      digest: metadata[MANIFEST_DIGEST],
      version: metadata['version'],
      timestamp,
      architecture,
      layered: origin.list('packages', 'requested'),
      base: metadata['rpmostree.base'],
    };
  });
}

export function isChangedLocally({ origin }: DeploymentFacts): boolean {
  return LOCAL_GROUPS.some((group) => origin.has(group));
}

/** A soft reboot keeps the kernel: it has to be the same one, with the same arguments (host-contract §7.1). */
function isSoftRebootable(machine: MachineFolder, running: Deployment, next: Deployment): boolean {
  if (next.name === running.name || next.options !== running.options) return false;
  const before = kernelOf(treeOf(machine, running));
  const has = statOf(`${treeOf(machine, running)}/usr/lib/systemd/system/soft-reboot.target`) !== undefined;
  return has && before.checksum === kernelOf(treeOf(machine, next)).checksum;
}

interface ImageFacts {
  readonly timestamp: string | undefined;
  readonly architecture: string | undefined;
}

/** Of an image's config, as JSON; what it is not is left out. */
function imageFacts(text: string | undefined): ImageFacts {
  if (text === undefined) return { timestamp: undefined, architecture: undefined };
  const config = JSON.parse(text) as {
    readonly created?: string;
    readonly architecture?: string;
    readonly config?: { readonly Labels?: Readonly<Record<string, string>> };
  };
  const timestamp = config.config?.Labels?.['org.opencontainers.image.created'] ?? config.created;
  return { timestamp, architecture: config.architecture };
}
