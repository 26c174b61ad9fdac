import type { InstallSettings } from '../ignition/index.ts';

/** What stands at one path of the base image, as `lstat` would say it. */
export type BaseEntry =
  | { readonly type: 'directory'; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'file' };

export interface BaseUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A unit file or a drop-in of the base: where it lies and what its [Install] section says. */
export interface BaseUnit {
  readonly path: string;
  readonly install: InstallSettings;
}

/**
 * What placement must know of the base image before it may write a path (host-contract §5.4).
 * Paths are absolute, `/`-separated, without a trailing slash; `/` is a directory.
 */
export interface BaseFacts {
  entry(path: string): BaseEntry | undefined;
  /** A unit file; of several of one name, the one that counts. */
  unit(name: string): BaseUnit | undefined;
  /** Every drop-in of a unit's own name, those included that another one of the same name takes the place of. */
  dropins(unit: string): readonly BaseUnit[];
  readonly users: ReadonlyMap<string, BaseUser>;
  readonly groups: ReadonlyMap<string, number>;
  /** Symlinks below /etc/systemd/system: enablement, aliases and masks that the base ships. */
  readonly unitLinks: readonly string[];
  /**
   * Whether a top-level directory other than /usr, /etc and /var survives on the host: composefs or a
   * transient root in prepare-root.conf (host-contract §5.2 "every other toplevel").
   */
  readonly keepsToplevels: boolean;
  /** Whether sshd on this base reads `~/.ssh/authorized_keys.d/` (Fedora and RHEL CoreOS do). */
  readonly readsKeyDirectory: boolean;
}
