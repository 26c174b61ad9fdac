import { type HostImageReference, pinnedDigest } from './image-reference.ts';

/** The tools that deploy images on a host. */
export type DeployTool = 'bootc' | 'ostree' | 'rpm-ostree';

/** The image that a deployment was made from. */
export interface DeployedImage {
  readonly reference: HostImageReference;
  /** The digest of the platform's manifest; a tool may fail to find it (host-contract §2.2). */
  readonly digest: string | undefined;
  readonly version: string | undefined;
  /** When the image was made, as RFC 3339. */
  readonly timestamp: string | undefined;
  /** As GOARCH names it. */
  readonly architecture: string | undefined;
}

/** What was changed on the host itself: a deployment that is more than its image. */
export interface LocalChanges {
  /** Packages asked for by name or file, removed from the base, or put in the place of the base's. */
  readonly installed: readonly string[];
  readonly removed: readonly string[];
  readonly replaced: readonly string[];
  /** The initramfs is made on the host, with local files or for the command-line wrappers. */
  readonly initramfs: boolean;
}

/** One bootable tree of a host. */
export interface Deployment {
  /** Its commit, 64 hexadecimal digits; undefined on the composefs backend. */
  readonly checksum: string | undefined;
  readonly serial: number | undefined;
  readonly stateroot: string | undefined;
  readonly image: DeployedImage | undefined;
  /** What it follows when that is no image: an ostree refspec, a checksum, or an older installer's note. */
  readonly origin: string | undefined;
  readonly version: string | undefined;
  readonly pinned: boolean;
  /** Staged, and not to be finalized at the next shutdown. */
  readonly locked: boolean;
  /** Changed on this host in a way that bootc cannot carry over: it would be lost by a switch (host-contract §1.5). */
  readonly incompatible: boolean;
  /** Undefined when the tool does not tell what the change is. */
  readonly local: LocalChanges | undefined;
  /** `none`, or why /usr is not the image's: `development`, `hotfix`, `transient`. Undefined when the tool does not tell. */
  readonly unlocked: string | undefined;
  /** A soft reboot into it is possible; undefined when the tool does not tell. */
  readonly softRebootCapable: boolean | undefined;
  /** A soft reboot into it is prepared. */
  readonly softRebootPrepared: boolean;
  /** What an earlier check saw behind the same reference. */
  readonly cachedUpdate: DeployedImage | undefined;
  readonly composefs: boolean;
}

/** What a host runs and what it would boot, as one tool tells it. */
export interface HostStatus {
  readonly tool: DeployTool;
  /** Undefined when the tool runs in a container or the host was not booted from a deployment. */
  readonly booted: Deployment | undefined;
  /** Written but for /etc and boot loader; finalized at a clean shutdown, unless locked, and lost at any other. */
  readonly staged: Deployment | undefined;
  /** Finalized and the boot loader's default, but not booted: after a queued rollback or an interrupted reboot. */
  readonly pending: Deployment | undefined;
  /** The deployment that is booted when the booted one is given up. */
  readonly rollback: Deployment | undefined;
  /** The others, those of other stateroots among them. */
  readonly others: readonly Deployment[];
  /** What is under way in the tool's daemon, by its name; the rest of the status is what was before it. */
  readonly transaction: string | undefined;
  /** The store of deployments cannot be written, as on live media. */
  readonly readOnly: boolean;
}

/**
 * Whether a deployment is the image of that digest. A reference may be pinned to an index, whose digest never is the
 * manifest's: both count (host-contract §1.4).
 */
export function isImage(deployment: Deployment | undefined, digest: string): boolean {
  const image = deployment?.image;
  return image !== undefined && (image.digest === digest || pinnedDigest(image.reference) === digest);
}

/** What a clean reboot would start now. */
export function nextBoot(status: HostStatus): Deployment | undefined {
  const staged = status.staged?.locked === false ? status.staged : undefined;
  return staged ?? status.pending ?? status.booted;
}

/** Every deployment, what boots first first. */
export function allDeployments(status: HostStatus): readonly Deployment[] {
  const known = [status.staged, status.pending, status.booted, status.rollback];
  return [...known.filter((deployment) => deployment !== undefined), ...status.others];
}
