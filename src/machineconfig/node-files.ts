import { resolveParents } from './base-path.ts';
import type { BaseFacts } from './base-facts.ts';
import type { ImageNode } from './plane.ts';
import { literalGlob } from './tmpfiles.ts';
import type { TmpfilesLine } from './tmpfiles.ts';

/** Where the image carries what belongs below the node's /var, /run and /tmp. */
const SHIPPED_ROOT = '/usr/lib/varve/tree';

/** An owner as tmpfiles.d takes it: a name or a number, resolved on the node. */
export interface NodeOwner {
  readonly user: string;
  readonly group: string;
}

/** Mode and owner of a directory; a part that is absent is only set when the directory is made. */
export interface GivenAttributes {
  readonly mode?: number | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

/** What makes one path exist on the node: the image's part and the tmpfiles.d lines. */
export interface NodeFile {
  readonly nodes: readonly ImageNode[];
  readonly lines: readonly TmpfilesLine[];
}

/**
 * A file below the node's /var, /run or /tmp. Its content lies below /usr/lib/varve in the image; `r!` and `C` make
 * it anew at each boot, so that it always is what the booted image says, after a rollback too (architecture D4).
 * With `keepExisting` the content of a file that is there already is left alone.
 */
export function nodeFile(
  path: string,
  file: {
    readonly contents: Uint8Array;
    readonly mode: number;
    readonly owner: NodeOwner;
    readonly keepExisting: boolean;
  },
): NodeFile {
  const shipped = `${SHIPPED_ROOT}${path}`;
  const copy: TmpfilesLine = { type: 'C', path, mode: octal(file.mode), ...file.owner, argument: shipped };
  return {
    // Shipped as root's: the owner may not exist in the image, and only root copies it.
    nodes: [{ type: 'file', path: shipped, mode: file.mode, uid: 0, gid: 0, contents: file.contents }],
    lines: file.keepExisting ? [copy] : [{ type: 'r!', path: literalGlob(path) }, copy],
  };
}

/**
 * A directory below the node's /var, /run or /tmp. One that is there already gets the parts that are given; the rest,
 * by default 0755 and `maker`, is for one that has to be made (host-contract §8.6: "adjusts mode/owner if given").
 */
export function nodeDirectory(
  path: string,
  given: GivenAttributes,
  maker: NodeOwner,
  made = 0o755,
): NodeFile {
  return {
    nodes: [],
    lines: [
      {
        type: 'd',
        path,
        mode: given.mode === undefined ? `:${octal(made)}` : octal(given.mode),
        user: given.user ?? `:${maker.user}`,
        group: given.group ?? `:${maker.group}`,
      },
    ],
  };
}

/**
 * A symlink below the node's /var, /run or /tmp. With `replace`, a file or another link in its place goes first, but
 * never a directory with something in it: what a node keeps there cannot be got back.
 */
export function nodeSymlink(path: string, target: string, replace: boolean): NodeFile {
  const link: TmpfilesLine = { type: 'L', path, argument: target };
  return { nodes: [], lines: replace ? [{ type: 'r!', path: literalGlob(path) }, link] : [link] };
}

/**
 * An empty file that is created when it is missing: Ignition's file without contents (host-contract §8.5). One that is
 * there already gets the parts that are given, and keeps the rest.
 */
export function nodeEmptyFile(path: string, given: GivenAttributes): NodeFile {
  const mode = given.mode === undefined ? ':0644' : octal(given.mode);
  return {
    nodes: [],
    lines: [{ type: 'f', path, mode, user: given.user ?? ':0', group: given.group ?? ':0' }],
  };
}

/** Whether a resolved path lies where only tmpfiles.d can put something at boot. */
export function isNodePath(path: string): boolean {
  return /^\/(?:var|run|tmp)(?:\/|$)/u.test(path);
}

/** Whether a path of the image is the copy of one of the node. */
export function isShipped(path: string): boolean {
  return path.startsWith(`${SHIPPED_ROOT}/`);
}

/** The home directory of a user, through the base's links: /root is /var/roothome on an ostree host. */
export function resolveHome(base: BaseFacts, home: string): string {
  const probe = resolveParents(base, `${home}/x`);
  return probe.ok ? probe.path.slice(0, -2) : home;
}

/** A mode as tmpfiles.d takes it: four octal digits. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
