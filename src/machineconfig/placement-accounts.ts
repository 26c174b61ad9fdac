import type { Group, User } from '../ignition/index.ts';
import { hasControlCharacter } from './control-characters.ts';
import { isNodePath, nodeDirectory, nodeFile, resolveHome } from './node-files.ts';
import type { NodeOwner } from './node-files.ts';
import type { PlacementDraft } from './placement-draft.ts';
import { SYSUSERS_PATH, sysusersLines } from './sysusers.ts';

/** Places users, groups, their keys and passwords (host-contract §5.3 "user", §8.7 "passwd"). */
export function placeAccounts(draft: PlacementDraft, users: readonly User[], groups: readonly Group[]): void {
  const lines = sysusersLines(users, groups, draft.base);
  if (lines.length > 0) {
    draft.addNode({
      type: 'file',
      path: SYSUSERS_PATH,
      mode: 0o644,
      uid: 0,
      gid: 0,
      contents: Buffer.from(lines.map((line) => `${line}\n`).join('')),
    });
  }
  for (const group of groups) placeGroup(draft, group);
  for (const user of users) placeUser(draft, user);
}

function placeGroup(draft: PlacementDraft, group: Group): void {
  const origin = { section: 'passwd.groups', key: group.name } as const;
  const item = `group ${group.name}`;
  if (group.name === '') return draft.refuse('a group', origin, 'it has no name; give it one');
  if (!isAccountName(group.name)) return draft.refuse(item, origin, nameProblem(group.name));
  if (group.shouldExist === false) {
    draft.note({
      item,
      origin,
      plane: 'firstboot',
      reason: 'No image can remove an account that a node has.',
    });
  } else if (draft.base.groups.has(group.name)) {
    draft.note({ item, origin, plane: 'usr', reason: 'The base image has the group already.' });
  } else {
    draft.note({
      item,
      origin,
      plane: 'usr',
      reason: 'Declared in sysusers.d: systemd-sysusers makes the group at the next boot.',
      paths: [SYSUSERS_PATH],
    });
  }
  if (group.passwordHash !== undefined) {
    draft.note({
      item: `${item}: password hash`,
      origin,
      plane: 'live',
      reason: 'Passwords live in /etc/gshadow of each node; no image holds one.',
    });
  }
}

function placeUser(draft: PlacementDraft, user: User): void {
  const origin = { section: 'passwd.users', key: user.name } as const;
  const item = `user ${user.name}`;
  if (user.name === '') return draft.refuse('a user', origin, 'it has no name; give it one');
  if (user.shouldExist === false) {
    draft.note({
      item,
      origin,
      plane: 'firstboot',
      reason: 'No image can remove an account that a node has.',
    });
    return;
  }
  const unusable = unusableIn(user);
  if (unusable !== undefined) {
    draft.refuse(item, origin, unusable);
    return;
  }
  const known = draft.base.users.get(user.name);
  if (known === undefined) {
    draft.note({
      item,
      origin,
      plane: 'usr',
      reason: 'Declared in sysusers.d: systemd-sysusers makes the account at the next boot.',
      paths: [SYSUSERS_PATH],
    });
    if (user.uid === undefined) {
      draft.warn(
        origin,
        `user ${user.name} has no uid, so each node gives it one of its own below 1000; set uid`,
      );
    }
  } else if (
    user.uid !== undefined ||
    user.gecos !== undefined ||
    user.homeDir !== undefined ||
    user.shell !== undefined ||
    user.primaryGroup !== undefined
  ) {
    draft.note({
      item,
      origin,
      plane: 'firstboot',
      reason:
        'The base image has the account: its id, home, shell and comment can only be set when a machine is installed.',
    });
  }
  if (known !== undefined && (user.groups?.length ?? 0) > 0) {
    draft.note({
      item: `${item}: groups`,
      origin,
      plane: 'usr',
      reason: 'Declared in sysusers.d: systemd-sysusers adds the memberships at the next boot.',
      paths: [SYSUSERS_PATH],
    });
  }
  if (user.passwordHash !== undefined) {
    draft.note({
      item: `${item}: password hash`,
      origin,
      plane: 'live',
      reason: 'Passwords live in /etc/shadow of each node; no image holds one.',
    });
  }
  placeHome(draft, user);
}

/**
 * SSH keys go below the user's home, which is the node's: directories are made when they are missing, the key file
 * is made anew at each boot. CoreOS' sshd reads `authorized_keys.d/ignition`, others `authorized_keys` (§8.6).
 */
function placeHome(draft: PlacementDraft, user: User): void {
  const known = draft.base.users.get(user.name);
  const keys = user.sshAuthorizedKeys ?? [];
  const isMade = known === undefined && user.noCreateHome !== true && user.system !== true;
  const home = resolveHome(draft.base, known?.home ?? user.homeDir ?? `/home/${user.name}`);
  const owner: NodeOwner = {
    user: user.name,
    group: known === undefined ? (user.primaryGroup ?? user.name) : String(known.gid),
  };
  if (isNodePath(home) && (isMade || keys.length > 0)) {
    draft.addOwnedParents(home);
    draft.addNodeFile(nodeDirectory(home, {}, owner, 0o700));
  }
  if (keys.length > 0) placeKeys(draft, user, home, owner);
}

function placeKeys(draft: PlacementDraft, user: User, home: string, owner: NodeOwner): void {
  const origin = { section: 'passwd.users', key: user.name } as const;
  const item = `user ${user.name}: ssh keys`;
  if (!isNodePath(home)) {
    draft.refuse(
      item,
      origin,
      `the home directory ${home} is not below /var on this base, so no image can put keys there`,
    );
    return;
  }
  const directories = [`${home}/.ssh`];
  let path = `${home}/.ssh/authorized_keys`;
  if (draft.base.readsKeyDirectory) {
    directories.push(`${path}.d`);
    path = `${path}.d/ignition`;
  }
  const there = draft.claims.get(path);
  if (there !== undefined) {
    const twin = draft.nameOf(there);
    draft.refuse(item, origin, `the configuration also has ${twin} at ${path}; keep one of the two`);
    return;
  }
  draft.claims.set(path, { item, origin, isDirectory: false });
  for (const directory of directories) {
    draft.addNodeFile(nodeDirectory(directory, { mode: 0o700, ...owner }, owner));
    draft.owners.add(directory, owner);
  }
  const contents = Buffer.from((user.sshAuthorizedKeys ?? []).map((key) => `${key.trim()}\n`).join(''));
  const paths = draft.addNodeFile(nodeFile(path, { contents, mode: 0o600, owner, keepExisting: false }));
  draft.note({
    item,
    origin,
    plane: 'var',
    reason:
      "Below the user's home, which is the node's: systemd-tmpfiles makes the file at each boot from the image's copy.",
    target: path,
    paths,
  });
}

/** What sysusers.d refuses or would misread (sysusers.d(5)); the account would silently never be made. */
function unusableIn(user: User): string | undefined {
  const fields = [user.gecos, user.homeDir, user.shell];
  if (!isAccountName(user.name)) return nameProblem(user.name);
  const group = [user.primaryGroup, ...(user.groups ?? [])].find(
    (name) => name !== undefined && !isAccountName(name),
  );
  if (group !== undefined) return nameProblem(group);
  if (fields.some((text) => text !== undefined && (hasControlCharacter(text) || text.includes(':')))) {
    return 'gecos, homeDir and shell can hold neither a colon nor a control character';
  }
  if (user.homeDir !== undefined && !user.homeDir.startsWith('/')) return 'homeDir is not an absolute path';
  if (user.shell !== undefined && !/^\/\S*$/u.test(user.shell))
    return 'shell is not an absolute path without blanks';
  return undefined;
}

/** The strict form of systemd's rule for names of users and groups. */
function isAccountName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/u.test(name);
}

function nameProblem(name: string): string {
  return `${JSON.stringify(name)} is not a name that systemd-sysusers takes: a letter or _, then at most 30 letters, digits, _ or -`;
}
