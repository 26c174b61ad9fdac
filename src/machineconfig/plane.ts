import type { ProvenanceItem } from './provenance.ts';

/**
 * Where an item of the configuration takes effect (architecture D4). Every item has exactly one.
 *
 * - `usr`: in the image below /usr: read-only on the node, switches with the image.
 * - `etc`: in the image's /etc: the node's /etc follows it in ostree's three-way merge.
 * - `var`: below /var, /run or /tmp of the node: shipped below /usr/lib/varve and materialised by systemd-tmpfiles
 *   at each boot, so that a rollback of the image rolls it back too.
 * - `kargs`: kernel arguments, in /usr/lib/bootc/kargs.d.
 * - `live`: only a running node can hold it; the agent applies it.
 * - `firstboot`: only a machine's first boot can apply it; nothing of it is in the image.
 */
export type Plane = 'usr' | 'etc' | 'var' | 'kargs' | 'live' | 'firstboot';

/** One file, directory or link of the image's configuration layer. Paths are absolute and free of base symlinks. */
export type ImageNode =
  | {
      readonly type: 'file';
      readonly path: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly contents: Uint8Array;
    }
  | {
      readonly type: 'directory';
      readonly path: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly type: 'symlink';
      readonly path: string;
      readonly target: string;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'hardlink'; readonly path: string; readonly target: string };

/** One item of the configuration, where it went and why. */
export interface PlacedItem {
  /** What the administrator wrote: a path, `unit NAME`, `kernel argument X`, `user NAME: ssh keys`… */
  readonly item: string;
  readonly origin: ProvenanceItem;
  readonly plane: Plane;
  /** One sentence for `varve image explain`. */
  readonly reason: string;
  /** The MachineConfigs that set it, in merge order; the last one wins. */
  readonly machineConfigs: readonly string[];
  /** The path on the node, where the item is one. */
  readonly target?: string;
  /** Paths of the image that carry the item. */
  readonly paths: readonly string[];
}

/** Everything that the configuration of one pool is on an image-mode host. */
export interface Placement {
  readonly nodes: readonly ImageNode[];
  /** Base paths that the configuration takes away, e.g. the enablement link of a unit with `enabled: false`. */
  readonly removals: readonly string[];
  readonly items: readonly PlacedItem[];
  /** Kernel arguments of kargs.d, in order, each once. */
  readonly kernelArguments: readonly string[];
  readonly warnings: readonly string[];
}
