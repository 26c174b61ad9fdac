import type { Group, User } from '../ignition/index.ts';
import { isNodePath, nodeDirectory, nodeDirectoryIfMissing, nodeFile, resolveHome } from './node-files.ts';
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
  if (
    [user.name, user.gecos, user.homeDir, user.shell, user.primaryGroup].some((text) =>
      /[\n\r]/u.test(text ?? ''),
    )
  ) {
    draft.refuse(item, origin, 'one of its fields holds a line break');
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
  placeKeys(draft, user, known?.home);
}

/**
 * SSH keys go below the user's home, which is the node's: directories are made when they are missing, the key file
 * is made anew at each boot. CoreOS' sshd reads `authorized_keys.d/ignition`, others `authorized_keys` (§8.6).
 */
function placeKeys(draft: PlacementDraft, user: User, knownHome: string | undefined): void {
  const keys = user.sshAuthorizedKeys ?? [];
  if (keys.length === 0) return;
  const origin = { section: 'passwd.users', key: user.name } as const;
  const item = `user ${user.name}: ssh keys`;
  const home = resolveHome(draft.base, user.homeDir ?? knownHome ?? `/home/${user.name}`);
  if (!isNodePath(home)) {
    draft.refuse(
      item,
      origin,
      `the home directory ${home} is not below /var on this base, so no image can put keys there`,
    );
    return;
  }
  const owner = { user: user.name, group: user.primaryGroup ?? user.name };
  draft.addNodeFile(nodeDirectoryIfMissing(home, 0o700, owner));
  draft.addNodeFile(nodeDirectory(`${home}/.ssh`, 0o700, owner));
  let path = `${home}/.ssh/authorized_keys`;
  if (draft.base.readsKeyDirectory) {
    draft.addNodeFile(nodeDirectory(`${path}.d`, 0o700, owner));
    path = `${path}.d/ignition`;
  }
  const contents = Buffer.from(keys.map((key) => `${key.trim()}\n`).join(''));
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
