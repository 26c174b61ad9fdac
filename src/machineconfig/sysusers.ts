import type { Group, User } from '../ignition/index.ts';
import type { BaseFacts } from './base-facts.ts';

/** Where accounts that the base does not have are declared (host-contract §5.3 "user"). */
export const SYSUSERS_PATH = '/usr/lib/sysusers.d/varve.conf';

/**
 * sysusers.d lines for accounts of the configuration that the base image does not have, and for group memberships
 * of those that it has. Passwords are not among them: no image holds one.
 */
export function sysusersLines(
  users: readonly User[],
  groups: readonly Group[],
  base: BaseFacts,
): readonly string[] {
  const lines: string[] = [];
  for (const group of groups) {
    if (group.shouldExist === false || base.groups.has(group.name)) continue;
    lines.push(`g ${group.name} ${group.gid ?? '-'}`);
  }
  for (const user of users) {
    if (user.shouldExist === false) continue;
    if (!base.users.has(user.name)) {
      const primary = user.primaryGroup === undefined ? '' : `:${user.primaryGroup}`;
      const id = `${user.uid ?? '-'}${primary}`;
      const home = user.homeDir ?? `/home/${user.name}`;
      lines.push(
        `u ${user.name} ${id} ${quote(user.gecos ?? '')} ${quote(home)} ${user.shell ?? '/bin/bash'}`,
      );
    }
    for (const group of user.groups ?? []) lines.push(`m ${user.name} ${group}`);
  }
  return lines;
}

function quote(text: string): string {
  return text === ''
    ? '-'
    : `"${text.replaceAll('%', '%%').replace(/["\\]/gu, (character) => `\\${character}`)}"`;
}
