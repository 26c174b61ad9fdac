import { join } from 'node:path';
import { linkOf, statOf } from './files.ts';

/** More than the kernel follows. */
const MAX_LINKS = 40;

/**
 * Where a path of a machine is for this process, its last component not followed: what is absolute, links among it, begins at
 * the machine's root, and nothing leads out of it. Undefined for links that lead in a circle.
 */
export function pathBelow(root: string, path: string): string | undefined {
  const rest = components(path);
  const walked: string[] = [];
  for (let links = 0; rest.length > 0;) {
    const name = rest.shift() ?? '';
    if (name === '..') {
      walked.pop();
      continue;
    }
    const target = rest.length === 0 ? undefined : linkOf(join(root, ...walked, name));
    if (target === undefined) {
      walked.push(name);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return undefined;
    if (target.startsWith('/')) walked.length = 0;
    rest.unshift(...components(target));
  }
  return join(root, ...walked);
}

/** The same with its last component followed too. */
export function followedBelow(root: string, path: string): string | undefined {
  return pathBelow(root, `${path}/.`);
}

/**
 * Whether a way to a path goes from what somebody else owns to what a third one owns, who could have put it there: nothing is
 * done at its end then (systemd-tmpfiles calls it an unsafe path transition).
 */
export function isUnsafeWay(root: string, path: string): boolean {
  const rest = components(path);
  const walked: string[] = [];
  let owner = 0;
  for (let links = 0; rest.length > 0 && links <= MAX_LINKS;) {
    const name = rest.shift() ?? '';
    if (name === '..') walked.pop();
    const at = name === '..' ? join(root, ...walked) : join(root, ...walked, name);
    const stats = statOf(at);
    if (stats === undefined) return false;
    if (owner !== 0 && stats.uid !== owner) return true;
    owner = stats.uid;
    if (name === '..') continue;
    const target = rest.length === 0 ? undefined : linkOf(at);
    if (target === undefined) {
      walked.push(name);
      continue;
    }
    links += 1;
    if (target.startsWith('/')) {
      // From a link of somebody's to the root, which is root's.
      if (owner !== 0) return true;
      walked.length = 0;
    }
    rest.unshift(...components(target));
  }
  return false;
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}
