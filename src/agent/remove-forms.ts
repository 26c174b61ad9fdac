import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path/posix';
import { TMPFILES_PATH } from '../machineconfig/index.ts';
import { FileProblem, type PathProblem, reasonOf } from './file-problem.ts';
import { HostFolder } from './host-folder.ts';
import { readLiveFile, sha256OfFile } from './live-file.ts';
import type { PlacedForm } from './plane-memory.ts';

/** What came of removing what no image wants any longer. */
export interface Removal {
  readonly removed: readonly string[];
  readonly left: readonly string[];
  readonly problems: readonly PathProblem[];
}

/**
 * Removes what images put at paths of the host, where it still is what one of them put there. Folders go only when nothing is
 * in them and nothing else of the host asks for them.
 *
 * @param treeRoot the image whose other tmpfiles.d files say what else is asked for
 */
export async function removeForms(
  root: string,
  treeRoot: string,
  forms: readonly PlacedForm[],
): Promise<Removal> {
  const removed: string[] = [];
  const left: string[] = [];
  const problems: PathProblem[] = [];
  const byPath = new Map<string, PlacedForm[]>();
  for (const form of forms) byPath.set(form.path, [...(byPath.get(form.path) ?? []), form]);
  const needsOthers = forms.some(({ type }) => type === 'directory');
  const others = needsOthers ? await askedForByOthers([`${treeRoot}/usr/lib`, `${root}/etc`]) : new Set();
  // What lies in a folder goes before it.
  const paths = [...byPath.keys()].sort((a, b) => b.length - a.length);
  for (const path of paths) {
    try {
      await using folder = await HostFolder.open(root, dirname(path));
      if (folder === undefined) continue;
      const outcome = await removeOne(folder, basename(path), byPath.get(path) ?? [], others.has(path));
      if (outcome === 'removed') removed.push(path);
      else if (outcome === 'changed') left.push(path);
    } catch (error) {
      problems.push({ path, reason: error instanceof FileProblem ? error.message : reasonOf(error) });
    }
  }
  return { removed, left, problems };
}

async function removeOne(
  folder: HostFolder,
  name: string,
  forms: readonly PlacedForm[],
  isAskedFor: boolean,
): Promise<'removed' | 'changed' | 'nothing'> {
  const there = await readLiveFile(folder, name);
  if (there.type === 'missing') return 'nothing';
  if (there.type === 'directory') {
    if (!forms.some(({ type }) => type === 'directory')) return 'changed';
    return !isAskedFor && (await folder.removeFolder(name)) ? 'removed' : 'nothing';
  }
  if (there.type === 'other') return 'changed';
  const is = there.type === 'symlink' ? there.target : await sha256OfFile(folder, name);
  if (!forms.some((form) => form.type === there.type && form.is === is)) return 'changed';
  await folder.remove(name);
  return 'removed';
}

/** The paths that other tmpfiles.d files of the host name: what they want is not the configuration's to take away. */
async function askedForByOthers(folders: readonly string[]): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  for (const folder of folders) {
    const names = await readdir(`${folder}/tmpfiles.d`).catch(() => []);
    for (const name of names) {
      if (!name.endsWith('.conf') || name === basename(TMPFILES_PATH)) continue;
      const text = await readFile(`${folder}/tmpfiles.d/${name}`, 'utf8').catch(() => '');
      for (const line of text.split('\n')) {
        const path = /^\s*[a-zA-Z][-+!=~^$]*\s+(?:"([^"]+)"|(\S+))/u.exec(line);
        if (path !== null) paths.add((path[1] ?? path[2] ?? '').replace(/(?<=.)\/$/u, ''));
      }
    }
  }
  return paths;
}
