import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type HostRunner,
  type ImageSource,
  installImage,
  readBootEntries,
  thisHost,
} from '../../host/index.ts';
import { EmbeddedError } from '../embedded-error.ts';

/** What a boot loader found: what to run, and with which arguments. */
export interface Bootable {
  /** The folder of the deployment. */
  readonly root: string;
  /** The stateroot's /var. */
  readonly variable: string;
  /** The command line, as the boot loader gives it to the kernel. */
  readonly commandLine: readonly string[];
}

/** The disk of a machine: a folder that ostree takes for a root file system. */
export class NspawnDisk {
  readonly #folder: string;
  readonly #host: HostRunner;

  /** @param folder holds the disk, and what is not finished of it */
  constructor(folder: string) {
    this.#folder = folder;
    this.#host = thisHost(process.env, this.sysroot);
  }

  get sysroot(): string {
    return join(this.#folder, 'sysroot');
  }

  /**
   * Installs an image where nothing is installed yet. The disk appears whole or not at all.
   *
   * @throws EmbeddedError `cannot-start`
   */
  async install(
    image: string,
    images: ImageSource,
    kernelArguments: readonly string[],
    onProgress: ((message: string) => void) | undefined,
  ): Promise<void> {
    if (existsSync(this.sysroot)) return;
    const draft = join(this.#folder, 'sysroot.installing');
    await erase(draft);
    const failure = await installImage(process.env, {
      sysroot: draft,
      image,
      images,
      kernelArguments,
      // The power of this machine is not what is cut: what the kernel holds stays, and thousands of small files wait long.
      settings: { 'core.fsync': 'false' },
      onProgress: ({ message }) => onProgress?.(message),
    });
    if (failure !== undefined) {
      await erase(draft);
      throw new EmbeddedError('cannot-start', `cannot install ${image}: ${failure.message}`);
    }
    await rename(draft, this.sysroot);
  }

  /**
   * What its boot loader boots by default.
   *
   * @throws EmbeddedError `cannot-start`
   */
  async bootable(): Promise<Bootable> {
    const [entry] = await readBootEntries(this.#host);
    if (entry?.folder === undefined) {
      const reason = `no entry in ${join(this.sysroot, 'boot/loader/entries')} is for a deployment`;
      throw new EmbeddedError('cannot-start', `cannot boot ${this.sysroot}: ${reason}`);
    }
    const root = join(this.sysroot, entry.folder);
    return { root, variable: join(dirname(dirname(root)), 'var'), commandLine: entry.commandLine };
  }

  /** Erases it; its deployments are immutable until told otherwise. */
  erase(): Promise<void> {
    return erase(this.sysroot);
  }
}

async function erase(sysroot: string): Promise<void> {
  const deployments = join(sysroot, 'ostree/deploy');
  if (existsSync(deployments)) {
    await thisHost(process.env).run({ tool: 'chattr', args: ['-R', '-i', deployments], deadline: 60_000 });
  }
  await rm(sysroot, { recursive: true, force: true });
}
