import type { ToolVersion } from './tool-version.ts';

export interface BootcCapabilities {
  readonly version: ToolVersion;
  /** `switch --download-only`: staged and locked in one step (host-contract §1.2). */
  readonly switchDownloadOnly: boolean;
  /** Kernel arguments by owner (host-contract §4.3). */
  readonly loaderEntries: boolean;
  /** `--progress-fd`, which no help text shows. */
  readonly progress: boolean;
  readonly signaturePolicy: boolean;
}

export interface RpmOstreeCapabilities {
  readonly version: ToolVersion;
  /** It can rebase to container images. */
  readonly containers: boolean;
  readonly lockFinalization: boolean;
  readonly unchangedExit77: boolean;
}

export interface OstreeCapabilities {
  readonly version: ToolVersion;
  readonly jsonStatus: boolean;
  /** `admin lock-finalization`; without it only the marker file locks (host-contract §3.4). */
  readonly lockFinalization: boolean;
  /**
   * How `admin deploy` leaves what it stages locked, so that no shutdown in between finalizes it: by its option, by a
   * marker that is there before it begins, which releases without `lock-finalization` leave alone, or not at all.
   */
  readonly lockedStaging: 'option' | 'marker' | 'none';
  readonly softReboot: boolean;
  readonly setDefault: boolean;
}

/** What a host has and can do: a value, probed once per booted deployment (host-contract §10.1, 1). */
export interface HostCapabilities {
  /** The host was booted from an ostree deployment. */
  readonly ostreeBooted: boolean;
  readonly bootc: BootcCapabilities | undefined;
  readonly rpmOstree: RpmOstreeCapabilities | undefined;
  readonly ostree: OstreeCapabilities | undefined;
  readonly skopeo: ToolVersion | undefined;
  readonly systemd: ToolVersion | undefined;
  /** systemd has soft-reboot.target. */
  readonly softReboot: boolean;
  /** Tools that gave no answer in time, or were killed over it: they may well be there, and able to do more than this says. */
  readonly unanswered?: readonly string[];
}
