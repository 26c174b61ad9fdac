import { readFile } from 'node:fs/promises';
import { run } from './run.ts';

/** Unmounts whatever is mounted at or below a folder, innermost first, so that removing it removes only it. */
export async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
  for (const point of mounts.toReversed()) await run('umount', [point]);
}
