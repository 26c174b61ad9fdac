/** A path of the host, and what is the matter with it. */
export interface PathProblem {
  readonly path: string;
  readonly reason: string;
}

/** Why a path of the host is not touched, in words for people: what stands in the way, or what the host answered. */
export class FileProblem extends Error {
  readonly path: string;

  constructor(path: string, reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'FileProblem';
    this.path = path;
  }
}

/** The code of an error of the file system, as `ENOENT`; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What an error of the file system means to whoever looks after the host. */
export function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'EPERM':
      return 'the host refuses: it or its folder is immutable (`lsattr`), or the file system takes no such owner';
    case 'EROFS':
      return 'its file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'its file system is full';
    case 'EISDIR':
    case 'ENOTEMPTY':
    case 'EEXIST':
      return 'a directory with something in it stands in its place';
    case 'EXDEV':
    case 'EBUSY':
      return 'something is mounted in its place';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
