import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path/posix';
import { HostFolder } from './host-folder.ts';

interface Watched {
  readonly watcher: FSWatcher;
  /** Which folder it is, whatever its path leads to later. */
  readonly id: string;
  names: ReadonlySet<string>;
}

/**
 * Hears of changes to paths of the host by watching the folders that they are in (contract §5.5), or the nearest folder above
 * that is there. It may miss some: a folder that was replaced is watched from the next `set` on, and a host has only so many
 * watches.
 */
export class FolderWatch {
  readonly #root: string;
  readonly #changed: () => void;
  readonly #watched = new Map<string, Watched>();
  /** The host has no more watches to give; the paths are only looked at from time to time. */
  isBlind = false;

  constructor(root: string, changed: () => void) {
    this.#root = root;
    this.#changed = changed;
  }

  /** Watches for these paths and no others. */
  async set(paths: readonly string[]): Promise<void> {
    const wanted = new Map<string, Set<string>>();
    const found = new Map<string, string | undefined>();
    this.isBlind = false;
    for (const path of paths) {
      let name = path;
      for (let folder = dirname(path); ; folder = dirname(folder)) {
        if (!found.has(folder)) found.set(folder, await this.#idOf(folder));
        if (found.get(folder) !== undefined) {
          wanted.set(folder, (wanted.get(folder) ?? new Set()).add(basename(name)));
          break;
        }
        if (folder === '/') break;
        name = folder;
      }
    }
    for (const [folder, { watcher, id }] of this.#watched) {
      if (wanted.has(folder) && found.get(folder) === id) continue;
      watcher.close();
      this.#watched.delete(folder);
    }
    for (const [folder, names] of wanted) {
      const watched = this.#watched.get(folder);
      if (watched === undefined) await this.#begin(folder, names, found.get(folder) ?? '');
      else watched.names = names;
    }
  }

  close(): void {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  async #begin(path: string, names: ReadonlySet<string>, id: string): Promise<void> {
    try {
      await using folder = await HostFolder.open(this.#root, path);
      if (folder === undefined) return;
      const { openPath } = folder;
      const watcher = watch(openPath, { persistent: false });
      const watched: Watched = { watcher, id, names };
      watcher.on('change', (_, name) => {
        const changed = name?.toString();
        // When the folder itself is moved or goes, the name is that of what was watched.
        if (changed === undefined || watched.names.has(changed) || changed === basename(openPath))
          this.#changed();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watched.delete(path);
        this.#changed();
      });
      this.#watched.set(path, watched);
    } catch {
      this.isBlind = true;
    }
  }

  async #idOf(path: string): Promise<string | undefined> {
    try {
      await using folder = await HostFolder.open(this.#root, path);
      return await folder?.id();
    } catch {
      return undefined;
    }
  }
}
