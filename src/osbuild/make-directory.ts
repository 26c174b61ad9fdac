import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and its parents; nothing where something of that name is there. Node's own recursive mkdir never ends where
 * the system answers ENOENT although the parent is there, as below /proc.
 *
 * @param mode of the directories that are made, less the umask
 */
export function makeDirectory(path: string, mode = 0o777): void {
  make(path, mode, false);
}

function make(path: string, mode: number, parentIsThere: boolean): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path || parentIsThere) throw error;
    make(dirname(path), mode, false);
    make(path, mode, true);
  }
}
