import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, removeTree, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';
import type { PowerRequest } from './tool-run.ts';

const REQUESTS: readonly string[] = [
  'reboot',
  'soft-reboot',
  'poweroff',
  'cut',
] satisfies readonly PowerRequest[];

/** Where processes of a machine leave what its power is to do: a folder that is watched. */
export class PowerSwitch {
  readonly #machine: MachineFolder;
  readonly #onRequest: (request: PowerRequest) => void;
  #watcher: FSWatcher | undefined;

  constructor(machine: MachineFolder, onRequest: (request: PowerRequest) => void) {
    this.#machine = machine;
    this.#onRequest = onRequest;
  }

  /** From now on; what was asked for before is forgotten. */
  open(): void {
    const folder = this.#machine.beside('power');
    removeTree(folder);
    mkdirSync(folder, { recursive: true });
    // `forget` keeps the folder: what is watched is this one.
    this.#watcher = watch(folder, { persistent: false }, () => this.#read());
  }

  /** What was asked for and not seen yet is nobody's wish any more: who asked for it runs no more. */
  forget(): void {
    const folder = this.#machine.beside('power');
    for (const { name } of entriesOf(folder)) removeTree(join(folder, name));
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #read(): void {
    const folder = this.#machine.beside('power');
    for (const { name } of entriesOf(folder)) {
      if (name.endsWith('.draft')) continue;
      const request = (textOf(join(folder, name)) ?? '').trim();
      removeTree(join(folder, name));
      if (this.#watcher !== undefined && isRequest(request)) this.#onRequest(request);
    }
  }
}

function isRequest(text: string): text is PowerRequest {
  return REQUESTS.includes(text);
}
