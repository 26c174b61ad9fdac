import type { BaseFacts } from './base-facts.ts';

/** As many symlinks as Linux follows in one lookup before it says ELOOP. */
const MAX_LINKS = 40;

/**
 * Links that systemd's own tmpfiles.d makes on every host although an image's /var is empty, so that the base's
 * file list cannot know them.
 */
const VAR_LINKS: ReadonlyMap<string, string> = new Map([
  ['/var/run', '/run'],
  ['/var/lock', '/run/lock'],
]);

export type ResolvedPath =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Resolves the directories of an absolute path through the base's symlinks, inside the root; the last component
 * is kept as it is (host-contract §8.6: "intermediate symlinks are followed, the last component is not").
 * No layer may write through a base symlink: newer ostree replaces the link by a real directory (§5.2).
 */
export function resolveParents(base: BaseFacts, path: string): ResolvedPath {
  const pending = path.split('/').filter((part) => part !== '');
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.shift() ?? '';
    if (part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    done.push(part);
    if (pending.length === 0) break;
    const here = `/${done.join('/')}`;
    const entry = base.entry(here);
    if (entry?.type === 'file') {
      return { ok: false, reason: `${here} is a file in the base image, so nothing can lie below it` };
    }
    const target = entry?.type === 'symlink' ? entry.target : VAR_LINKS.get(here);
    if (target === undefined) continue;
    links += 1;
    if (links > MAX_LINKS) {
      return { ok: false, reason: `the base image's symlinks form a loop at ${here}` };
    }
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    pending.unshift(...target.split('/').filter((piece) => piece !== ''));
  }
  return { ok: true, path: `/${done.join('/')}` };
}

/** The first component of an absolute path: `etc` for `/etc/hosts`, `` for `/`. */
export function toplevel(path: string): string {
  return path.split('/', 2)[1] ?? '';
}

/** The directory that holds an absolute path; `/` for a top-level path. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
