import { join } from 'node:path';
import { entriesOf, replaceFile, textOf } from './files.ts';
import type { SimulatedTools } from './machine-options.ts';
import { Repository } from './repository.ts';

/** What a machine was made with, kept in its folder: its tools are processes of their own. */
export interface MachineSettings {
  readonly name: string;
  readonly tools: SimulatedTools;
  readonly plainHttp: readonly string[];
  readonly certificateAuthorities: readonly string[];
}

/** The name that a machine's deployments share their /var by. */
export const STATEROOT = 'default';

/** Where in the folder of a machine what is. */
export class MachineFolder {
  readonly path: string;
  /** The host's root directory, as its tools and its agent see it. */
  readonly root: string;
  readonly bin: string;
  /** Deployments of the stateroot, `CHECKSUM.SERIAL` each, and beside each its origin. */
  readonly deployments: string;
  readonly repository: Repository;
  #settings: MachineSettings | undefined;

  constructor(path: string) {
    this.path = path;
    this.root = join(path, 'root');
    this.bin = join(path, 'bin');
    this.deployments = this.at(`sysroot/ostree/deploy/${STATEROOT}/deploy`);
    this.repository = new Repository(this.at('sysroot/ostree/repo'));
  }

  /** A path of the host. */
  at(path: string): string {
    return join(this.root, path);
  }

  /** A path of the machine that no host sees. */
  beside(path: string): string {
    return join(this.path, 'machine', path);
  }

  get settings(): MachineSettings {
    this.#settings ??= JSON.parse(textOf(this.beside('settings.json')) ?? '{}') as MachineSettings;
    return this.#settings;
  }

  writeSettings(settings: MachineSettings): void {
    replaceFile(this.beside('settings.json'), `${JSON.stringify(settings, undefined, 2)}\n`);
    this.#settings = settings;
  }

  /** The deployments' folders, finalized, staged or left over. */
  get folders(): readonly string[] {
    return entriesOf(this.deployments)
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  }
}
