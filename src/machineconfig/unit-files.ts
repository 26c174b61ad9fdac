import type { InstallSettings, UnitInstall } from '../ignition/index.ts';
import { combineInstalls, readInstall, UNIT_DIRECTORY } from '../ignition/index.ts';
import type { BaseFacts, BaseUnit } from './base-facts.ts';
import type { ImageNode } from './plane.ts';

/** Where an image has unit files; of two files of one name the first directory's counts (systemd.unit(5), table 1). */
const DIRECTORIES = [UNIT_DIRECTORY, '/usr/lib/systemd/system'] as const;

/** A unit and what enabling it means. */
export interface FoundUnit {
  readonly path: string;
  readonly install: UnitInstall;
}

/**
 * The unit files and drop-ins of an image, the configuration's laid over the base's, read as `systemctl enable` reads
 * them (systemd.unit(5), and systemctl itself where that page leaves it open): drop-ins of all directories in the order
 * of their names, one for each name; those of an instance and of its template together, the instance's first.
 */
export class UnitFiles {
  readonly #base: BaseFacts;
  readonly #units: Map<string, ImageNode> = new Map();
  /** By directory, then by name. */
  readonly #dropins: Map<string, Map<string, ImageNode>> = new Map();
  readonly #nodes: ReadonlyMap<string, ImageNode>;

  /** @param nodes what the configuration puts into the image, by path */
  constructor(base: BaseFacts, nodes: ReadonlyMap<string, ImageNode>) {
    this.#base = base;
    this.#nodes = nodes;
    for (const [path, node] of nodes) {
      const directory = DIRECTORIES.find((one) => path.startsWith(`${one}/`));
      if (directory === undefined || node.type === 'directory') continue;
      const [name = '', dropin, ...deeper] = path.slice(directory.length + 1).split('/');
      if (dropin === undefined) this.#units.set(path, node);
      else if (name.endsWith('.d') && isDropinName(dropin) && deeper.length === 0) {
        const folder = `${directory}/${name}`;
        const dropins = this.#dropins.get(folder) ?? new Map<string, ImageNode>();
        this.#dropins.set(folder, dropins.set(dropin, node));
      }
    }
  }

  /** A unit by its name; an instance without a file of its own is its template. */
  find(name: string): FoundUnit | undefined {
    const template = templateOf(name);
    const unit = this.#unit(name) ?? (template === undefined ? undefined : this.#unit(template));
    if (unit === undefined) return undefined;
    // What the base has under another name has the drop-ins of its own name.
    const own = unit.path.slice(unit.path.lastIndexOf('/') + 1);
    const named = own === template ? name : own;
    const names = [named, templateOf(named)].filter((one) => one !== undefined);
    return { path: unit.path, install: combineInstalls([unit.install, ...this.#dropinsOf(names)]) };
  }

  #unit(name: string): BaseUnit | undefined {
    const inBase = this.#base.unit(name);
    for (const directory of DIRECTORIES) {
      const own = `${directory}/${name}`;
      for (const path of inBase?.path.startsWith(`${directory}/`) === true ? [own, inBase.path] : [own]) {
        const text = this.#text(this.#units.get(path));
        if (text !== undefined) return { path, install: readInstall(text) };
        if (inBase?.path === path) return inBase;
      }
    }
    return undefined;
  }

  /** The drop-ins of units, those of the first name before others of the same file name, in the order they are read. */
  #dropinsOf(names: readonly string[]): readonly InstallSettings[] {
    const chosen = new Map<string, InstallSettings>();
    for (const name of names) {
      const inBase = this.#base.dropins(name);
      for (const directory of DIRECTORIES) {
        const folder = `${directory}/${name}.d`;
        for (const [dropin, node] of this.#dropins.get(folder) ?? []) {
          // A link, to /dev/null most likely, takes the place of what has its name, and says nothing.
          if (!chosen.has(dropin)) chosen.set(dropin, readInstall(this.#text(node) ?? ''));
        }
        for (const { path, install } of inBase) {
          const dropin = path.slice(folder.length + 1);
          const isHere = path.startsWith(`${folder}/`) && isDropinName(dropin);
          if (isHere && !chosen.has(dropin)) chosen.set(dropin, install);
        }
      }
    }
    return [...chosen]
      .map(([dropin, install]) => ({ key: Buffer.from(dropin), install }))
      .sort((a, b) => Buffer.compare(a.key, b.key))
      .map(({ install }) => install);
  }

  #text(node: ImageNode | undefined): string | undefined {
    const file = node?.type === 'hardlink' ? this.#nodes.get(node.target) : node;
    return file?.type === 'file' ? Buffer.from(file.contents).toString('utf8') : undefined;
  }
}

/** `getty@.service` of `getty@tty1.service`; undefined for what is no instance. */
function templateOf(name: string): string | undefined {
  const parts = /^(?<prefix>[^@]+)@.+\.(?<suffix>[^.]+)$/u.exec(name)?.groups;
  return parts === undefined ? undefined : `${parts['prefix']}@.${parts['suffix']}`;
}

/** systemd passes over files of other endings, and hidden ones. */
function isDropinName(name: string): boolean {
  return name.endsWith('.conf') && !name.startsWith('.');
}
