import type { NodeAttributes } from '../machineconfig/index.ts';
import { FileProblem } from './file-problem.ts';
import type { HostAccounts } from './host-accounts.ts';
import type { Attributes, HostFolder } from './host-folder.ts';
import { type ImageTree, readImageFile } from './image-tree.ts';
import { type LiveFile, readLiveFile, sha256OfFile } from './live-file.ts';
import type { OwnedRule } from './plane-rules.ts';

/** A rule, and where it is to be kept. */
export interface Placing {
  readonly folder: HostFolder;
  readonly name: string;
  readonly owned: OwnedRule;
  readonly tree: ImageTree;
  readonly accounts: HostAccounts;
}

/**
 * Makes a path what a rule says, as systemd-tmpfiles does at a boot; false when it was so already. A directory with something
 * in it is never taken away for a file or a link.
 */
export async function placeRule(placing: Placing): Promise<boolean> {
  const { folder, name, owned, accounts } = placing;
  const { rule } = owned;
  const there = await readLiveFile(folder, name);
  switch (rule.type) {
    case 'file':
      if (rule.keep && there.type !== 'missing') {
        return there.type === 'file' && setGiven(placing, there, numbersOf(rule.given, rule.path, accounts));
      }
      return placeFile(placing, there);
    case 'symlink':
      if (there.type === 'symlink' && there.target === rule.target) return false;
      if (rule.keep && there.type !== 'missing') return false;
      await folder.putLink(name, rule.target);
      return true;
    case 'directory':
      if (there.type === 'missing') {
        await folder.putFolder(name, numbersOf(rule.made, rule.path, accounts));
        return true;
      }
      if (there.type !== 'directory') {
        // A link to a folder elsewhere, as for a disk of its own, is somebody's decision.
        if (there.type === 'symlink') return false;
        throw new FileProblem(rule.path, 'something that is no directory stands in its place');
      }
      return setGiven(placing, there, numbersOf(rule.given, rule.path, accounts));
    case 'attributes':
      if (there.type !== 'file' && there.type !== 'directory') return false;
      return setGiven(placing, there, numbersOf(rule.given, rule.path, accounts));
  }
}

async function placeFile(
  { folder, name, owned, tree, accounts }: Placing,
  there: LiveFile,
): Promise<boolean> {
  const { rule, sha256 } = owned;
  if (rule.type !== 'file') return false;
  const attributes = wholly(numbersOf(rule.made, rule.path, accounts));
  if (there.type === 'file' && isAs(there, attributes) && (await sha256OfFile(folder, name)) === sha256) {
    return false;
  }
  const contents = rule.source === undefined ? new Uint8Array() : await readImageFile(tree, rule.source);
  if (contents === undefined) throw new FileProblem(rule.path, `the image lacks its content, ${rule.source}`);
  await folder.putFile(name, contents, attributes);
  return true;
}

async function setGiven(
  { folder, name }: Placing,
  there: Attributes,
  given: Partial<Attributes>,
): Promise<boolean> {
  if (isAs(there, given)) return false;
  await folder.setAttributes(name, given);
  return true;
}

/** Whether a file or folder has the attributes, as far as they are given. */
export function isAs(there: Attributes, { mode, uid, gid }: Partial<Attributes>): boolean {
  return (
    (mode === undefined || there.mode === mode) &&
    (uid === undefined || there.uid === uid) &&
    (gid === undefined || there.gid === gid)
  );
}

/**
 * A rule's mode and owner in the host's numbers.
 *
 * @throws {FileProblem} for an account that the host does not have
 */
export function numbersOf(
  { mode, user, group }: NodeAttributes,
  path: string,
  accounts: HostAccounts,
): Partial<Attributes> {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(user === undefined ? {} : { uid: accounts.user(path, user) }),
    ...(group === undefined ? {} : { gid: accounts.group(path, group) }),
  };
}

function wholly({ mode = 0o644, uid = 0, gid = 0 }: Partial<Attributes>): Attributes {
  return { mode, uid, gid };
}
