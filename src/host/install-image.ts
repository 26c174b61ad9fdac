import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailedStep, mustSucceed } from './failed-step.ts';
import type { HostFailure } from './host-failure.ts';
import { type HostRunner, thisHost } from './host-runner.ts';
import { type Deadlines, DEADLINES, HostTool } from './host-tool.ts';
import { ImageImport } from './image-import.ts';
import type { ImageSource } from './image-source.ts';
import { formatOrigin } from './origin-file.ts';
import type { ProgressListener } from './progress.ts';
import { stageTarget } from './stage-target.ts';

export interface Installation {
  /** The root of the disk, a folder that is empty or is made: what is mounted on /sysroot when it runs. */
  readonly sysroot: string;
  /** The name that its deployments share a /var by (host-contract §3.1). Default: `default`. */
  readonly stateroot?: string;
  /** `HOST/REPOSITORY@sha256:…`. */
  readonly image: string;
  readonly images: ImageSource;
  /** The machine's own; the image's are added. */
  readonly kernelArguments: readonly string[];
  /** Settings of the repository, as `core.fsync`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** Undefined, or why it could not be installed; the folder is then to be removed. */
export type InstallationEnd = HostFailure | undefined;

/**
 * Installs an image on a disk of this machine's, as the first deployment of ostree. No boot loader is installed: whoever
 * boots the disk reads /boot/loader/entries.
 *
 * @throws {HostError} `aborted`, or `invalid-argument` for a reference that is not by digest
 */
export async function installImage(
  own: Readonly<Record<string, string | undefined>>,
  installation: Installation,
): Promise<InstallationEnd> {
  try {
    await new Installer(thisHost(own), installation, DEADLINES).run();
    return undefined;
  } catch (error) {
    if (error instanceof FailedStep) return error.failure;
    throw error;
  }
}

class Installer {
  readonly #host: HostRunner;
  readonly #ostree: HostTool;
  readonly #installation: Installation;
  readonly #deadlines: Deadlines;

  constructor(host: HostRunner, installation: Installation, deadlines: Deadlines) {
    this.#host = host;
    this.#ostree = new HostTool(host, 'ostree');
    this.#installation = installation;
    this.#deadlines = deadlines;
  }

  async run(): Promise<void> {
    const { sysroot, stateroot = 'default', image, images, onProgress, signal } = this.#installation;
    const { reference } = stageTarget({ image, locked: false });
    const repository = `${sysroot}/ostree/repo`;
    await mkdir(sysroot, { recursive: true });
    await this.#run(['admin', 'init-fs', sysroot]);
    await this.#run(['admin', 'os-init', `--sysroot=${sysroot}`, stateroot]);
    const settings = { 'sysroot.bootloader': 'none', ...this.#installation.settings };
    for (const [key, value] of Object.entries(settings)) {
      await this.#run(['config', `--repo=${repository}`, 'set', key, value]);
    }
    const imports = new ImageImport(this.#host, images, this.#deadlines, repository);
    const ref = await imports.import(image, [], onProgress, signal);
    const brought = (await imports.kernelArguments(ref, signal)) ?? [];
    const line = [...this.#installation.kernelArguments, ...brought];
    const origin = join(sysroot, 'varve-origin');
    await writeFile(origin, formatOrigin(reference, line.join(' ')));
    onProgress?.({ phase: 'staging', message: 'Installing', bytes: undefined, steps: undefined });
    const options = [`--sysroot=${sysroot}`, `--os=${stateroot}`, `--origin-file=${origin}`];
    const added = line.map((argument) => `--karg-append=${argument}`);
    await this.#run(['admin', 'deploy', ...options, ...added, ref]);
    await rm(origin);
  }

  async #run(args: readonly string[]): Promise<void> {
    const { signal } = this.#installation;
    mustSucceed(await this.#ostree.run(args, this.#deadlines.update, signal));
  }
}
