import { readFile, rm, stat } from 'node:fs/promises';
import type { MachineConfigNode } from '../api/index.ts';
import { isJsonObject } from '../schema/index.ts';
import { replaceFile } from './durable-file.ts';

/** Where a MachineConfigNode is kept as it was answered last, beyond the process and the boot that asked. */
export interface MachineConfigNodeStore {
  /** Undefined where there is none, and where it cannot be used: it is only a copy. */
  read(): Promise<MachineConfigNode | undefined>;
  /** When it throws, there is the one before, or none. */
  write(object: MachineConfigNode): Promise<void>;
  /** There is none when it has ended. */
  remove(): Promise<void>;
}

/** Bytes of a copy that are read: twenty conditions with the longest messages that there may be are not more. */
const LARGEST = 4 * 1024 * 1024;

const VERSION = 1;

/** The copy in one file beside the journal, replaced as a whole. */
export class MachineConfigNodeFile implements MachineConfigNodeStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<MachineConfigNode | undefined> {
    try {
      const { size } = await stat(this.#path);
      return size > LARGEST ? undefined : parse(await readFile(this.#path, 'utf8'));
    } catch {
      // What it is about is asked for then.
      return undefined;
    }
  }

  async write(object: MachineConfigNode): Promise<void> {
    await replaceFile(this.#path, `${JSON.stringify({ version: VERSION, object })}\n`);
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

function parse(text: string): MachineConfigNode | undefined {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value) || value['version'] !== VERSION) return undefined;
  const object: unknown = value['object'];
  return isMachineConfigNode(object) ? object : undefined;
}

/** As far as an agent looks at it, and makes the next status of it. */
function isMachineConfigNode(value: unknown): value is MachineConfigNode {
  if (!isJsonObject(value) || value['kind'] !== 'MachineConfigNode') return false;
  const { metadata, status = {} } = value;
  if (!isJsonObject(metadata) || !areTexts(metadata, 'name', 'uid', 'resourceVersion')) return false;
  if (!isJsonObject(status)) return false;
  const { conditions = [], configVersion, observedGeneration } = status;
  return (
    Array.isArray(conditions) &&
    conditions.every(
      (condition: unknown) =>
        isJsonObject(condition) &&
        areTexts(condition, 'type', 'status', 'reason', 'message', 'lastTransitionTime'),
    ) &&
    (configVersion === undefined || (isJsonObject(configVersion) && areTexts(configVersion, 'desired'))) &&
    (observedGeneration === undefined || Number.isSafeInteger(observedGeneration))
  );
}

function areTexts(object: Readonly<Record<string, unknown>>, ...members: readonly string[]): boolean {
  return members.every((member) => typeof object[member] === 'string');
}
