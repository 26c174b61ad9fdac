import { join } from 'node:path';
import { replaceFile, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';

/** Where a command or a shutdown can be struck. */
export type Phase =
  /** Before a layer is fetched, and once more when all are there. */
  | 'pull'
  /** The layers are there, their commit is not. */
  | 'import'
  /** The commit is there, the deployment is not. */
  | 'stage'
  /** The new deployment is staged. */
  | 'staged'
  /** A staged deployment is about to be locked or let go. */
  | 'lock'
  /** The record of what is staged is gone, and nothing is done yet. */
  | 'finalize'
  /** /etc is merged, and nothing boots it. */
  | 'merged'
  /** It boots next. */
  | 'finalized'
  /** The kernel runs, user space does not. */
  | 'boot';

/** What goes wrong with a machine, by name. `times`: how often, once by default; 0 is for good. */
export type MachineFault =
  /** The power goes; it comes back at once. */
  | { readonly name: 'power-cut'; readonly phase: Phase; readonly times?: number }
  /** The tool that comes there is killed, as by the kernel short of memory. */
  | { readonly name: 'tool-killed'; readonly phase: Phase; readonly times?: number }
  /** What is staged cannot be made bootable; without `stamp` nothing is left that says so but the journal. */
  | {
      readonly name: 'finalize-failure';
      readonly message: string;
      readonly stamp: boolean;
      readonly times?: number;
    }
  /** A finalization takes longer than it may. */
  | { readonly name: 'finalize-timeout'; readonly times?: number }
  | { readonly name: 'disk-full'; readonly phase: Phase; readonly times?: number }
  | { readonly name: 'registry-gone'; readonly times?: number }
  /** A command that begins so never ends by itself. */
  | { readonly name: 'hang'; readonly command: string; readonly times?: number }
  /** A command that begins so ends well and has done nothing. */
  | { readonly name: 'lie'; readonly command: string; readonly times?: number }
  /** A command that begins so fails. */
  | {
      readonly name: 'fail';
      readonly command: string;
      readonly stderr: string;
      readonly status?: number;
      readonly times?: number;
    }
  /** Another program has the lock of the deployments. */
  | { readonly name: 'lock-held'; readonly times?: number }
  /** Another program stages this image after the next one that is staged. */
  | { readonly name: 'foreign-staged'; readonly image: string; readonly times?: number }
  /** A new deployment boots, is found ill, and the machine boots what it ran before. */
  | { readonly name: 'boot-falls-back'; readonly times?: number };

const FILE = 'faults.json';

/** The faults that a machine is to meet: a file in its folder, a JSON list, that anybody may write. */
export class Faults {
  readonly #path: string;

  constructor(machine: Pick<MachineFolder, 'path'>) {
    this.#path = join(machine.path, FILE);
  }

  get all(): readonly MachineFault[] {
    const text = textOf(this.#path);
    if (text === undefined || text.trim() === '') return [];
    return JSON.parse(text) as readonly MachineFault[];
  }

  set(faults: readonly MachineFault[]): void {
    replaceFile(this.#path, `${JSON.stringify(faults, undefined, 2)}\n`);
  }

  /** The first fault that strikes here, one time of it used up; undefined where all goes well. */
  take<N extends MachineFault['name']>(
    name: N,
    strikes: (fault: Extract<MachineFault, { readonly name: N }>) => boolean = () => true,
  ): Extract<MachineFault, { readonly name: N }> | undefined {
    const { all } = this;
    const isOne = (fault: MachineFault): fault is Extract<MachineFault, { readonly name: N }> =>
      fault.name === name && strikes(fault as Extract<MachineFault, { readonly name: N }>);
    const found = all.find(isOne);
    if (found === undefined) return undefined;
    const { times = 1 } = found;
    if (times !== 0) {
      this.set(
        all.flatMap((fault) => {
          if (fault !== found) return [fault];
          return times > 1 ? [{ ...fault, times: times - 1 }] : [];
        }),
      );
    }
    return found;
  }
}
