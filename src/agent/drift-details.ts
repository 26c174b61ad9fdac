import { isUtf8 } from 'node:buffer';
import { basename, dirname } from 'node:path/posix';
import { FileProblem, reasonOf } from './file-problem.ts';
import type { Drift } from './find-drift.ts';
import { HostFolder } from './host-folder.ts';
import { type ImageTree, readImageFile, sha256Of } from './image-tree.ts';
import { type LiveFile, readLiveFile } from './live-file.ts';
import { unifiedDiff } from './text-diff.ts';

/** Bytes of a file of which differences are shown. */
const LARGEST = 256 * 1024;

/** Lines of differences of one file. */
const MOST_LINES = 200;

/** Paths, and words in a text, of what nobody should read on a terminal. */
const SECRET_PATH =
  /(?:^|[/._-])(?:secrets?|passwd|shadow|gshadow|credentials?|tokens?|private|auth\.json|kubeconfig|htpasswd|pull-?secret|id_(?:rsa|dsa|ecdsa|ed25519)|ssh_host_\w+_key|keytab)(?:$|[/._-])|\.(?:key|pem|p12|pfx|jks|gpg)$/iu;
const SECRET_TEXT =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|client[_-]?key(?:-data)?|"auth")["']?\s*[:=]\s*\S/iu;

/**
 * Says of one path, line by line, how it differs from what the image has: for whoever is at the host. Of what is not text, or
 * looks like a secret, or only its owner may read, the hashes are told and nothing else.
 */
export async function describeDrift(root: string, tree: ImageTree, drift: Drift): Promise<readonly string[]> {
  const { path, kinds, expected, reason } = drift;
  if (kinds.includes('unreadable')) return [`${path}: cannot be looked at: ${reason ?? 'unknown'}`];
  try {
    await using folder = await HostFolder.open(root, dirname(path));
    const name = basename(path);
    const there: LiveFile = folder === undefined ? { type: 'missing' } : await readLiveFile(folder, name);
    const lines = [`${path}: ${said(drift, there)}`];
    if (expected.type === 'file' && there.type === 'file' && kinds.includes('content') && folder) {
      lines.push(...(await contents(folder, name, tree, drift)));
    }
    return lines;
  } catch (error) {
    return [
      `${path}: cannot be looked at: ${error instanceof FileProblem ? error.message : reasonOf(error)}`,
    ];
  }
}

function said({ kinds, expected }: Drift, there: LiveFile): string {
  if (kinds.includes('missing')) return 'is missing';
  if (kinds.includes('unwanted')) return 'is there, and the image has taken it away';
  if (kinds.includes('type'))
    return `is a ${nameOf(there.type)}, and a ${nameOf(expected.type)} in the image`;
  const parts: string[] = [];
  if (kinds.includes('content')) {
    const links = there.type === 'symlink' && expected.type === 'symlink';
    parts.push(
      links ? `leads to ${there.target}, and to ${expected.target} in the image` : 'has other content',
    );
  }
  if ('mode' in there && (expected.type === 'file' || expected.type === 'directory')) {
    if (kinds.includes('mode'))
      parts.push(`has mode ${octal(there.mode)}, and ${octal(expected.mode)} in the image`);
    if (kinds.includes('owner')) {
      const owner = `${expected.uid ?? there.uid}:${expected.gid ?? there.gid}`;
      parts.push(`belongs to ${there.uid}:${there.gid}, and to ${owner} in the image`);
    }
  }
  return parts.join('; ');
}

async function contents(
  folder: HostFolder,
  name: string,
  tree: ImageTree,
  { path, expected }: Drift,
): Promise<readonly string[]> {
  if (expected.type !== 'file') return [];
  const file = await folder.openFile(name);
  if (file === undefined) return [];
  let now: Buffer;
  try {
    const { size } = await file.stat();
    if (size > LARGEST) return [`  it has ${size} bytes`];
    now = await file.readFile();
  } finally {
    await file.close();
  }
  const before = expected.source === undefined ? Buffer.alloc(0) : await readImageFile(tree, expected.source);
  if (before === undefined) return [];
  const hashes = [`  sha256 in the image ${sha256Of(before)}`, `  sha256 on the node  ${sha256Of(now)}`];
  const isPrivate = ((expected.mode ?? 0o644) & 0o004) === 0;
  if (isPrivate || isSecret(path, before) || isSecret(path, now)) return hashes;
  if (!isText(before) || !isText(now)) return hashes;
  const lines = unifiedDiff(before.toString('utf8'), now.toString('utf8'), MOST_LINES);
  return lines === undefined ? hashes : [`--- ${path} in the image`, `+++ ${path} on the node`, ...lines];
}

function isSecret(path: string, contents: Buffer): boolean {
  return SECRET_PATH.test(path) || SECRET_TEXT.test(contents.toString('latin1'));
}

/** Text that does nothing to a terminal. */
function isText(contents: Buffer): boolean {
  return isUtf8(contents) && !/[^\t\n\r\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/u.test(contents.toString('utf8'));
}

function nameOf(type: string): string {
  switch (type) {
    case 'symlink':
      return 'symbolic link';
    case 'other':
      return 'device, pipe or socket';
    case 'missing':
      return 'missing file';
    default:
      return type;
  }
}

function octal(mode: number | undefined): string {
  return (mode ?? 0).toString(8).padStart(4, '0');
}
