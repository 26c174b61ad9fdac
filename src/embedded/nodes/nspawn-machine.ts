import { mkdir, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageSource } from '../../host/index.ts';
import { EmbeddedError } from '../embedded-error.ts';
import type { MachineBoot, MachineListener, NodeMachine } from './node-machine.ts';
import { NspawnContainer } from './nspawn-container.ts';
import { NspawnDisk } from './nspawn-disk.ts';
import { requireNspawn } from './nspawn-requirements.ts';

export interface NspawnMachineOptions {
  /** Of the node; a host name. */
  readonly name: string;
  /** The machine's own, where its disk is kept; on a file system that has files with several names and any attribute. */
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

/** Milliseconds for a clean shutdown; then the power goes. */
const SHUTDOWN = 120_000;

/**
 * A machine of a real ostree deployment with systemd as its PID 1, in a container of systemd-nspawn. Its agent runs outside
 * and enters its mount and process namespaces, so that it has the network of this machine. It dies with this process, as by
 * a power cut.
 */
export function createNspawnMachine(options: NspawnMachineOptions): NspawnMachine {
  return new NspawnMachine(options);
}

export class NspawnMachine implements NodeMachine {
  readonly name: string;
  readonly #options: NspawnMachineOptions;
  readonly #disk: NspawnDisk;
  #container: NspawnContainer | undefined;
  #life: Promise<void> | undefined;
  #isOn = false;

  constructor(options: NspawnMachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#disk = new NspawnDisk(options.folder);
  }

  /** The process whose namespaces are the machine's. @throws EmbeddedError while it is off */
  get init(): number {
    if (this.#container === undefined) throw new EmbeddedError('INTERNAL', `node ${this.name} is off`);
    return this.#container.init;
  }

  /** Its physical root, where its deployments are. */
  get sysroot(): string {
    return this.#disk.sysroot;
  }

  async start(listener: MachineListener): Promise<void> {
    if (this.#isOn) throw new EmbeddedError('cannot-start', `cannot start node ${this.name}: it is on`);
    const { folder, image, images, kernelArguments = ['root=LABEL=root', 'rw'], onProgress } = this.#options;
    // From now on: who switches it off while it is installed wants no boot after that.
    this.#isOn = true;
    try {
      await mkdir(folder, { recursive: true });
      requireNspawn(folder);
      await this.#disk.install(image, images, kernelArguments, onProgress);
      this.#assertOn();
      listener.booted(await this.#boot());
    } catch (error) {
      await this.cutPower();
      throw error;
    }
    this.#life = this.#live(listener);
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    this.#container?.powerOff();
    const late = new AbortController();
    const cut = sleep(SHUTDOWN, undefined, { signal: late.signal }).then(
      () => this.#container?.kill(),
      () => {},
    );
    await this.#life;
    late.abort();
    await cut;
  }

  async cutPower(): Promise<void> {
    this.#isOn = false;
    await this.#kill();
    await this.#life;
  }

  /** Switches it off as by a power cut, and erases its disk. */
  async erase(): Promise<void> {
    await this.cutPower();
    await this.#disk.erase();
  }

  #assertOn(): void {
    if (!this.#isOn)
      throw new EmbeddedError(
        'cannot-start',
        `cannot start node ${this.name}: it was switched off meanwhile`,
      );
  }

  /** Boot after boot, until it is switched off, or switches itself off. */
  async #live(listener: MachineListener): Promise<void> {
    for (;;) {
      const end = await this.#container?.ended;
      this.#container = undefined;
      listener.down();
      if (end !== 'rebooted' || !this.#isOn) break;
      try {
        listener.booted(await this.#boot());
      } catch (error) {
        // As a machine that hangs while it boots: the node is not ready.
        await this.#kill();
        if (this.#isOn) listener.failed?.(error instanceof Error ? error.message : String(error));
        break;
      }
    }
    this.#container = undefined;
    this.#isOn = false;
  }

  async #kill(): Promise<void> {
    this.#container?.kill();
    await this.#container?.ended;
  }

  async #boot(): Promise<MachineBoot> {
    const bootable = await this.#disk.bootable();
    const state = join(this.#options.folder, 'machine');
    const container = await NspawnContainer.boot(this.name, state, this.sysroot, bootable);
    this.#container = container;
    // Switched off in the meantime.
    if (!this.#isOn) container.kill();
    await container.up();
    const bootId = await readFile(`${container.root}/proc/sys/kernel/random/boot_id`, 'utf8');
    return {
      bootId: bootId.trim(),
      osImage: await prettyName(bootable.root),
      kernelVersion: release(),
      agentArguments: ['--host-pid', `${container.init}`],
      agentEnvironment: {},
    };
  }
}

async function prettyName(root: string): Promise<string> {
  const text = await readFile(join(root, 'usr/lib/os-release'), 'utf8').catch(() => '');
  return /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(text)?.[1] ?? 'Linux';
}
