import { statfs } from 'node:fs/promises';

/** What ostree never fills of a file system (`min-free-space-percent`). */
const RESERVE = 0.03;

/** Bytes of a file system. */
export interface FreeSpace {
  readonly available: number;
  readonly total: number;
}

/** The file system of a path; undefined where it cannot be asked. */
export async function freeSpaceOf(path: string): Promise<FreeSpace | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { available: bavail * bsize, total: blocks * bsize };
  } catch {
    return undefined;
  }
}

/**
 * Why so many bytes of compressed layers cannot be pulled (host-contract §9.3), in bootc's words; undefined while they may fit. It
 * is the least that they need: nobody knows how large they are unpacked.
 */
export function lackOfSpace(bytes: number, { available, total }: FreeSpace): string | undefined {
  const usable = Math.max(0, available - total * RESERVE);
  if (bytes <= usable) return undefined;
  return `Insufficient free space (available: ${inMegabytes(usable)}, required: ${inMegabytes(bytes)})`;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
