import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** All that is in a folder, a line each: type, mode, owner, path, and what it holds. */
export async function listTree(folder: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const names = await readdir(join(folder, path));
    for (const name of names.sort()) {
      const at = join(path, name);
      const stats = await lstat(join(folder, at));
      const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
      const head = `${mode} ${stats.uid}:${stats.gid} ${at}`;
      if (stats.isSymbolicLink())
        lines.push(`link ${stats.uid}:${stats.gid} ${at} -> ${await readlink(join(folder, at))}`);
      else if (stats.isDirectory()) {
        lines.push(`folder ${head}`);
        await walk(at);
      } else lines.push(`file ${head} ${JSON.stringify(await readFile(join(folder, at), 'utf8'))}`);
    }
  };
  await walk('');
  return lines;
}
