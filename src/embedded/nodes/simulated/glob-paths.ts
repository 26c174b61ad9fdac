import { join } from 'node:path';
import { entriesOf, statOf } from './files.ts';
import { followedBelow, pathBelow } from './root-path.ts';

/** The paths of a machine that a pattern of glob(7) matches, as this process sees them. */
export function pathsMatching(root: string, pattern: string): readonly string[] {
  if (!/[*?[\\]/.test(pattern)) {
    const at = pathBelow(root, pattern);
    return at !== undefined && statOf(at) !== undefined ? [at] : [];
  }
  let found = ['/'];
  const names = pattern.split('/').filter((name) => name !== '');
  for (const name of names) {
    const matcher = matcherOf(name);
    found = found.flatMap((folder) => {
      const at = followedBelow(root, folder);
      if (at === undefined) return [];
      return entriesOf(at)
        .filter((entry) => matcher.test(entry.name) && (!entry.name.startsWith('.') || name.startsWith('.')))
        .map((entry) => join(folder, entry.name));
    });
  }
  return found.flatMap((path) => pathBelow(root, path) ?? []);
}

/** A component of a pattern as an expression. */
function matcherOf(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\[(!?)(\]?[^\]]*)\]|\\(.)|[*?]|[^*?[\\]+|./gs,
    (whole, not?: string, set?: string, escaped?: string) => {
      if (set !== undefined)
        return `[${not === '!' ? '^' : ''}${set.replaceAll(/[\]\\^[]/g, (mark) => `\\${mark}`)}]`;
      if (escaped !== undefined) return quoted(escaped);
      if (whole === '*') return '.*';
      if (whole === '?') return '.';
      return quoted(whole);
    },
  );
  return new RegExp(`^${source}$`, 'su');
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, (mark) => `\\${mark}`);
}
