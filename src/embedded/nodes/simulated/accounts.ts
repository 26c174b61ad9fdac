import { join } from 'node:path';
import { textOf } from './files.ts';

/** The numbers behind the names of a machine's users and groups. */
export class Accounts {
  readonly #users: ReadonlyMap<string, number>;
  readonly #groups: ReadonlyMap<string, number>;

  /** Reads them of an /etc, and of the files beside it that older images keep theirs in. */
  constructor(root: string) {
    this.#users = idsOf([join(root, 'usr/lib/passwd'), join(root, 'etc/passwd')]);
    this.#groups = idsOf([join(root, 'usr/lib/group'), join(root, 'etc/group')]);
  }

  user(name: string): number | undefined {
    return /^\d+$/.test(name) ? Number(name) : this.#users.get(name);
  }

  group(name: string): number | undefined {
    return /^\d+$/.test(name) ? Number(name) : this.#groups.get(name);
  }
}

function idsOf(files: readonly string[]): ReadonlyMap<string, number> {
  const ids = new Map([['root', 0]]);
  for (const file of files) {
    for (const line of (textOf(file) ?? '').split('\n')) {
      const [name = '', , id = ''] = line.split(':');
      if (name !== '' && /^\d+$/.test(id)) ids.set(name, Number(id));
    }
  }
  return ids;
}
