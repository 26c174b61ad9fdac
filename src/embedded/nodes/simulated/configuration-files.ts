import { join } from 'node:path';
import { entriesOf, statOf } from './files.ts';
import { followedBelow } from './root-path.ts';

/** Where systemd's programs look for files of one kind, those that count more first. */
const FOLDERS = ['etc', 'run', 'usr/local/lib', 'usr/lib'];

/**
 * The `.conf` files of a kind in the order of their names: one of /etc takes the place of one of the same name elsewhere, and a
 * link to /dev/null leaves it out.
 */
export function configurationFiles(root: string, kind: string, ending = '.conf'): readonly string[] {
  const files = new Map<string, string>();
  for (const folder of FOLDERS) {
    const at = followedBelow(root, join('/', folder, kind));
    if (at === undefined) continue;
    for (const { name } of entriesOf(at)) {
      if (name.endsWith(ending) && !files.has(name)) files.set(name, join('/', folder, kind, name));
    }
  }
  return [...files.keys()].sort().flatMap((name) => {
    const file = followedBelow(root, files.get(name) ?? '');
    return file !== undefined && statOf(file)?.isFile() === true ? [file] : [];
  });
}
