import { posix } from 'node:path';

/** What is wrong with an absolute path, if anything (host-contract §8.3). */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'path not specified';
  if (!path.startsWith('/')) return 'path not absolute';
  // An empty, `.` or `..` component, which includes a trailing slash; the root itself is fine.
  return path !== '/' && /\/\.{0,2}(?:\/|$)/.test(path) ? 'path is not fully simplified' : undefined;
}

/** The text from the last dot of the last component on; empty without one. */
export function extensionOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return dot === -1 ? '' : base.slice(dot);
}

/** Where a link leads: a relative target counts from the link path itself, a quirk of the real tool (§8.3). */
export function resolveTarget(link: string, target: string): string {
  if (link === '' && target === '') return '';
  const path = target.startsWith('/') ? posix.normalize(target) : posix.join(link, target);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** How many components a path has; 0 for the root. */
export function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1;
}
