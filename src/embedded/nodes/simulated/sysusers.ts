import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { configurationFiles } from './configuration-files.ts';
import { replaceFile, statOf, textOf } from './files.ts';

/** Accounts that get no number of their own get one from here downwards. */
const LAST_SYSTEM_ID = 999;

/**
 * What `systemd-sysusers` adds to the accounts of a machine: users, groups and memberships that are declared and are not there
 * (sysusers.d(5)). What is there stays as it is.
 */
export function applySysusers(root: string): void {
  const tables = new Tables(root);
  const lines = configurationFiles(root, 'sysusers.d').flatMap((file) =>
    readFileSync(file, 'utf8').split('\n').map(wordsOf),
  );
  // Groups come first, as users are members of them.
  for (const [type, name = '', id = '-'] of lines) {
    if (type === 'g') tables.addGroup(name, id);
  }
  for (const [type = '', name = '', id = '-', gecos = '-', home = '-', shell = '-'] of lines) {
    if (type.startsWith('u')) tables.addUser(name, id, gecos, home, shell);
  }
  for (const [type, user = '', group = ''] of lines) if (type === 'm') tables.addMember(user, group);
  tables.write();
}

class Tables {
  readonly #root: string;
  readonly #tables = new Map<string, string[][]>();
  readonly #changed = new Set<string>();

  constructor(root: string) {
    this.#root = root;
    for (const name of ['passwd', 'group', 'shadow', 'gshadow']) {
      const text = textOf(join(root, 'etc', name)) ?? '';
      const lines = text.split('\n').filter((line) => line !== '');
      this.#tables.set(
        name,
        lines.map((line) => line.split(':')),
      );
    }
  }

  addGroup(name: string, wanted: string): void {
    if (name === '' || this.#has('group', name)) return;
    const id = /^\d+$/.test(wanted) ? wanted : `${this.#free()}`;
    this.#add('group', [name, 'x', id, '']);
    this.#add('gshadow', [name, '!*', '', '']);
  }

  addUser(name: string, wanted: string, gecos: string, home: string, shell: string): void {
    if (name === '' || this.#has('passwd', name)) return;
    const [uid = '-', group] = wanted.split(':');
    const id = /^\d+$/.test(uid) ? uid : `${this.#free()}`;
    if (group === undefined) this.addGroup(name, id);
    const primary = group === undefined ? name : group;
    const gid = /^\d+$/.test(primary) ? primary : (this.#row('group', primary)?.[2] ?? id);
    const login = shell === '-' ? '/usr/sbin/nologin' : shell;
    this.#add('passwd', [name, 'x', id, gid, gecos === '-' ? '' : gecos, home === '-' ? '/' : home, login]);
    this.#add('shadow', [name, '!*', '', '', '', '', '', '', '']);
  }

  addMember(user: string, group: string): void {
    this.addGroup(group, '-');
    for (const table of ['group', 'gshadow']) {
      const row = this.#row(table, group);
      const members = row?.[3]?.split(',').filter((one) => one !== '') ?? [];
      if (row === undefined || members.includes(user)) continue;
      row[3] = [...members, user].join(',');
      this.#changed.add(table);
    }
  }

  write(): void {
    for (const name of this.#changed) {
      const path = join(this.#root, 'etc', name);
      const lines = this.#tables.get(name)?.map((row) => `${row.join(':')}\n`) ?? [];
      const mode = (statOf(path)?.mode ?? (name.endsWith('shadow') ? 0 : 0o644)) & 0o7777;
      replaceFile(path, lines.join(''), mode);
    }
  }

  #row(table: string, name: string): string[] | undefined {
    return this.#tables.get(table)?.find(([first]) => first === name);
  }

  #has(table: string, name: string): boolean {
    const older = textOf(join(this.#root, 'usr/lib', table)) ?? '';
    return (
      this.#row(table, name) !== undefined || older.split('\n').some((line) => line.startsWith(`${name}:`))
    );
  }

  #add(table: string, row: string[]): void {
    this.#tables.get(table)?.push(row);
    this.#changed.add(table);
  }

  #free(): number {
    const taken = new Set(
      ['passwd', 'group'].flatMap((table) => this.#tables.get(table)?.map((row) => Number(row[2])) ?? []),
    );
    let id = LAST_SYSTEM_ID;
    while (taken.has(id)) id -= 1;
    return id;
  }
}

/** Blanks part words, but for those in quotes; `%%` is a percent sign. */
function wordsOf(line: string): readonly string[] {
  if (line.trimStart().startsWith('#')) return [];
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) =>
    (quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '').replaceAll('%%', '%'),
  );
}
