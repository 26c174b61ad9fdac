import type { HostChange } from './host-change.ts';
import type { DeployTool } from './host-status.ts';
import type { KernelArgumentChange } from './kernel-arguments.ts';
import type { ProgressListener } from './progress.ts';
import type { StatusReading } from './status-reading.ts';

/** What a host may be, that an image is otherwise not staged on (host-contract §10.1, 4). */
export type Tolerance =
  /** Packages layered on the host are lost, or with rpm-ostree carried over. */
  | 'local-changes'
  /** It runs no container image yet: it is adopted. */
  | 'no-image'
  /** Its /usr is unlocked, and what was changed there will be gone. */
  | 'unlocked';

/** An image that is to boot next. */
export interface StageRequest {
  /** `HOST/REPOSITORY@sha256:…`. */
  readonly image: string;
  /** Refuse the image unless the host's policy demands a signature of its kind. Default: what the policy allows. */
  readonly enforceSignature?: boolean;
  /** Whether a shutdown leaves it alone until `unlock`. */
  readonly locked: boolean;
  /** Kernel arguments that are not the image's own; bootc applies those itself. */
  readonly kernelArguments?: KernelArgumentChange;
  /** Default: none. */
  readonly tolerate?: readonly Tolerance[];
  readonly onProgress?: ProgressListener;
}

/**
 * How a host is moved to images, by one of its tools. Every verb reads the status before and after; what it answers
 * is what the status shows, whatever the tool's exit status (architecture D8). Nothing reboots the host.
 *
 * Every verb throws a `HostError` with code `aborted` when its signal fires, or `invalid-argument` for a request that
 * no host could fulfil; what is wrong with the host is in the answer.
 */
export interface HostDriver {
  readonly tool: DeployTool;

  status(signal?: AbortSignal): Promise<StatusReading>;

  /**
   * Pulls an image and stages it with its kernel arguments, locked or not. Where the host runs it already and nothing
   * else is staged, nothing is done; where it runs it and another one is staged, that one is dropped.
   */
  stage(request: StageRequest, signal?: AbortSignal): Promise<HostChange>;

  /**
   * Pulls an image so that staging it later needs no registry, and changes nothing of what boots. Absent where the tool pulls
   * only what it stages.
   */
  fetch?(image: string, signal?: AbortSignal): Promise<HostChange>;

  /** Drops what is staged. */
  unstage(signal?: AbortSignal): Promise<HostChange>;

  /** Keeps what is staged from being finalized at shutdown. */
  lock(signal?: AbortSignal): Promise<HostChange>;

  /** Lets the next shutdown finalize what is staged. */
  unlock(signal?: AbortSignal): Promise<HostChange>;

  /** Makes the rollback deployment the one that boots next; it drops what is staged, and does not merge /etc. */
  rollback(signal?: AbortSignal): Promise<HostChange>;

  /**
   * Keeps later images from replacing the deployment of this commit, or no longer; kept, it costs room on /boot. One that
   * is gone need not be let go of.
   */
  keep(checksum: string, keep: boolean, signal?: AbortSignal): Promise<HostChange>;

  /** Frees what no deployment needs, and with `rollback` the rollback deployment too (host-contract §9.3). */
  cleanUp(what: 'leftovers' | 'rollback', signal?: AbortSignal): Promise<HostChange>;

  /** Prepares that the next reboot restarts the user space only, into what is staged (host-contract §7.1). */
  prepareSoftReboot(signal?: AbortSignal): Promise<HostChange>;

  /** Undoes it: without that, every reboot would be a soft one. */
  resetSoftReboot(signal?: AbortSignal): Promise<HostChange>;
}
