import { readFile } from 'node:fs/promises';
import { FileProblem } from './file-problem.ts';

/** Where a host keeps its accounts: its own before those of the image (nss-altfiles, host-contract §5.3). */
const FOLDERS = ['/etc', '/usr/lib'] as const;

/** The numbers of a host's users and groups, from its files; directories of a network are asked for nothing. */
export class HostAccounts {
  readonly #users: ReadonlyMap<string, number>;
  readonly #groups: ReadonlyMap<string, number>;

  private constructor(users: ReadonlyMap<string, number>, groups: ReadonlyMap<string, number>) {
    this.#users = users;
    this.#groups = groups;
  }

  static async read(root: string): Promise<HostAccounts> {
    return new HostAccounts(await numbers(root, 'passwd'), await numbers(root, 'group'));
  }

  /** @throws {FileProblem} for a user that the host does not have */
  user(path: string, owner: string): number {
    return numberOf(this.#users, owner, () => new FileProblem(path, `the host has no user ${owner}`));
  }

  /** @throws {FileProblem} for a group that the host does not have */
  group(path: string, owner: string): number {
    return numberOf(this.#groups, owner, () => new FileProblem(path, `the host has no group ${owner}`));
  }
}

async function numbers(root: string, file: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const folder of FOLDERS) {
    const text = await readFile(`${root}${folder}/${file}`, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const [name = '', , id = ''] = line.split(':');
      if (name !== '' && /^\d+$/u.test(id) && !found.has(name)) found.set(name, Number(id));
    }
  }
  return found;
}

function numberOf(accounts: ReadonlyMap<string, number>, owner: string, missing: () => Error): number {
  if (/^\d+$/u.test(owner)) return Number(owner);
  const found = accounts.get(owner) ?? (owner === 'root' ? 0 : undefined);
  if (found === undefined) throw missing();
  return found;
}
