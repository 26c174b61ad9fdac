import type { HostFailure, HostStatus, LastFinalization } from '../host/index.ts';

/** How a command line differs from what its image says: what to add, and what an earlier image left there. */
export interface KernelArgumentDifference {
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
}

/** What the tools of a host can do for a move to another image. */
export interface HostAbilities {
  /**
   * - `with-staging`: an image is staged and locked in one act.
   * - `after-staging`: it can be locked once it is staged, so that for a moment a reboot would boot it.
   * - `none`: what is staged boots at the next reboot.
   */
  readonly lock: 'with-staging' | 'after-staging' | 'none';
  /** An image can be pulled without being staged. */
  readonly fetch: boolean;
  /** How an image is brought to the host ahead of its turn: staged and locked in one act, pulled alone, or not at all. */
  readonly ahead: 'stage' | 'fetch' | 'none';
  /** A deployment can be kept from being replaced by later ones. */
  readonly pin: boolean;
  /** Packages layered on the host survive a move to another image. */
  readonly carriesLocalChanges: boolean;
}

/** What is known of the image that runs, from the image itself. */
export interface BootedImageFacts {
  /** The rendered MachineConfig that is in it; undefined in an image that Varve did not make. */
  readonly config: string | undefined;
  /** What it was made from, `HOST/REPOSITORY@DIGEST`. */
  readonly base: string | undefined;
}

/** One look at a host, everything of it read at the same time. */
export interface HostView {
  readonly status: HostStatus;
  /** Changes with every boot of the kernel. */
  readonly bootId: string;
  readonly abilities: HostAbilities;
  readonly image: BootedImageFacts;
  /** The running command line against the booted image's arguments, and the staged one's against the staged image's. */
  readonly kernelArguments: {
    readonly booted: KernelArgumentDifference;
    readonly staged: KernelArgumentDifference;
  };
  /** Services of the host that would update it by themselves (host-contract §9.6). */
  readonly competitors?: readonly string[];
  /** What the last shutdown made of what was staged (host-contract §3.4). */
  readonly lastFinalization: LastFinalization;
}

/** What looking at the host gave; nothing is decided on what is not fresh (host-contract §10.1, 2). */
export type HostReading =
  | { readonly state: 'fresh'; readonly view: HostView }
  /** `since`: the first of the readings in a row that were not fresh, as milliseconds since 1970. */
  | { readonly state: 'busy'; readonly reason: string; readonly since: number }
  | {
      readonly state: 'failed';
      readonly failure: HostFailure;
      readonly since: number;
      /** How many readings in a row failed. */
      readonly count: number;
      /** What the failure's policy says to do was done since the first of them. */
      readonly remedied: boolean;
    };

/** Whether a command line is what the image wants. */
export function isAsWanted({ missing, surplus }: KernelArgumentDifference): boolean {
  return missing.length === 0 && surplus.length === 0;
}
