import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './run.ts';

/** How qemu names this machine's processor, the machine around it, and its console. */
const MACHINES: Readonly<Record<string, readonly [program: string, machine: string, console: string]>> = {
  x64: ['qemu-system-x86_64', 'q35', 'ttyS0'],
  arm64: ['qemu-system-aarch64', 'virt', 'ttyAMA0'],
};

/** An entry of the boot loader, as it stands on the disk. */
export interface DiskEntry {
  readonly version: number;
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

/**
 * A virtual machine of qemu's own processor, which needs no help of the kernel's, with one disk of an ostree sysroot. What
 * boots is what the boot loader's entries on that disk say; it reaches this machine's loopback at 10.0.2.2.
 */
export class VirtualMachine {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the disk of a folder's content: names, owners, hard links and all. */
  static async create(folder: string, sysroot: string): Promise<VirtualMachine> {
    await mkdir(folder, { recursive: true });
    const machine = new VirtualMachine(folder);
    await run('truncate', ['--size=3G', machine.#disk]);
    // What nobody reads need not be written: the disk is thrown away.
    await run('mkfs.ext4', [
      '-q',
      '-F',
      '-L',
      'root',
      '-E',
      'lazy_itable_init=1',
      '-d',
      sysroot,
      machine.#disk,
    ]);
    return machine;
  }

  get #disk(): string {
    return join(this.#folder, 'disk.img');
  }

  get isOn(): boolean {
    return this.#child !== undefined;
  }

  /** All that it has said on its serial line since it was made. */
  console(): Promise<string> {
    return readFile(join(this.#folder, 'console.log'), 'utf8').catch(() => '');
  }

  /** The boot loader's entries, the default first; the machine is off. */
  async entries(): Promise<readonly DiskEntry[]> {
    // After a power cut this is what the journal of the file system is for.
    await run('e2fsck', ['-fp', this.#disk], { accept: [0, 1] });
    const folder = '/boot/loader/entries';
    const { stdout } = await run('debugfs', ['-R', `ls -p ${folder}`, this.#disk]);
    const entries: DiskEntry[] = [];
    for (const [, name] of stdout.matchAll(/\/(ostree-[^/]*\.conf)\//g)) {
      const text = (await run('debugfs', ['-R', `cat ${folder}/${name}`, this.#disk])).stdout;
      const value = (key: string): string => new RegExp(`^${key} +(.*)$`, 'm').exec(text)?.[1] ?? '';
      entries.push({
        version: Number(value('version')),
        kernel: `/boot${value('linux')}`,
        initrd: `/boot${value('initrd')}`,
        commandLine: value('options'),
      });
    }
    return entries.sort((a, b) => b.version - a.version);
  }

  /** Switches it on, with the default entry of its boot loader. A reboot switches it off: boot it again. */
  async boot(): Promise<DiskEntry> {
    const [entry] = await this.entries();
    if (entry === undefined) throw new Error('the disk has no boot loader entry');
    const kernel = join(this.#folder, 'vmlinuz');
    const initrd = join(this.#folder, 'initramfs');
    for (const [path, copy] of [
      [entry.kernel, kernel],
      [entry.initrd, initrd],
    ] as const) {
      await run('debugfs', ['-R', `dump ${path} ${copy}`, this.#disk]);
    }
    const [program, machine, console] = MACHINES[process.arch] ?? ['', '', ''];
    const serial = await open(join(this.#folder, 'console.log'), 'a');
    const child = spawn(
      program,
      [
        ['-machine', machine, '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '1536'],
        ['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio', '-device', 'virtio-rng-pci'],
        ['-nic', 'user,model=virtio-net-pci,ipv6=off'],
        ['-drive', `file=${this.#disk},if=virtio,format=raw,cache=unsafe`],
        ['-kernel', kernel, '-initrd', initrd, '-append', `${entry.commandLine} console=${console}`],
      ].flat(),
      { stdio: ['ignore', serial.fd, serial.fd] },
    );
    await serial.close();
    // A test process that ends without switching it off must not leave it running.
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    this.#child = child;
    this.#exited = once(child, 'exit').then(() => {
      process.off('exit', kill);
      this.#child = undefined;
    });
    return entry;
  }

  /** Until it is off, by itself. */
  async off(seconds: number): Promise<void> {
    const late = new AbortController();
    const patience = sleep(seconds * 1000, 'late', { signal: late.signal }).catch(() => undefined);
    const first = await Promise.race([this.#exited, patience]);
    late.abort();
    if (first === 'late')
      throw new Error(`after ${seconds} s the machine is still on:\n${await this.#tail()}`);
  }

  /** Until it has said something on its serial line. */
  async says(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const isOn = this.isOn;
      const found = pattern.exec(await this.console());
      if (found !== null) return found;
      if (!isOn || Date.now() > deadline) {
        const why = isOn ? `after ${seconds} s` : 'and it is off';
        throw new Error(`the machine has not said ${String(pattern)}, ${why}:\n${await this.#tail()}`);
      }
      await sleep(200);
    }
  }

  async cutPower(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async remove(): Promise<void> {
    await this.cutPower();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #tail(): Promise<string> {
    return (await this.console()).split('\n').slice(-60).join('\n');
  }
}
