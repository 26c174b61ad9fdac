import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOutcome, hostOfProcess, type HostRunner } from '../../host/index.ts';
import { EmbeddedError } from '../embedded-error.ts';
import type { Bootable } from './nspawn-disk.ts';

/** How a boot ended. */
export type ContainerEnd = 'rebooted' | 'powered-off' | 'killed';

/** What systemd-nspawn ends with when the container asked for a reboot and a service manager is to start it again. */
const REBOOTED = 133;

/** Milliseconds for which the user space may be on its way up before it is taken for up: a unit may wait for ever. */
const STARTUP = 90_000;

/** Milliseconds until a process of the container's is looked for again. */
const SOON = 20;

/** Milliseconds between two looks whether it is about to end. */
const ATTENTION = 300;

/** One boot of a machine: a container of systemd-nspawn whose PID 1 is the deployment's systemd. */
export class NspawnContainer {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #folder: string;
  readonly #ended: Promise<ContainerEnd>;
  #init: number | undefined;
  #isEnding = false;
  #isOver = false;

  private constructor(child: ChildProcess, name: string, folder: string) {
    this.#child = child;
    this.#name = name;
    this.#folder = folder;
    this.#ended = endOf(child).finally(() => {
      this.#isOver = true;
    });
  }

  /**
   * Boots what the boot loader chose. It dies with this process.
   *
   * @param folder for files of the machine's that are not on its disk
   */
  static async boot(name: string, folder: string, sysroot: string, what: Bootable): Promise<NspawnContainer> {
    await mkdir(folder, { recursive: true });
    const marker = join(folder, 'ostree-booted');
    const commandLine = join(folder, 'cmdline');
    await writeFile(marker, '');
    await writeFile(commandLine, `${what.commandLine.join(' ')}\n`);
    const console = await open(join(folder, 'console.log'), 'w');
    const child = start([...nspawnCommand(name, sysroot, what, marker), ...what.commandLine], console);
    const container = new NspawnContainer(child, name, folder);
    await console.close();
    void container.#attend();
    return container;
  }

  /** The process whose namespaces are the machine's, as this machine numbers it. */
  get init(): number {
    if (this.#init === undefined) throw new EmbeddedError('INTERNAL', `node ${this.#name} is not up yet`);
    return this.#init;
  }

  /** Its root directory, as this machine sees it. */
  get root(): string {
    return `/proc/${this.init}/root`;
  }

  /** Until nothing of it runs any more. */
  get ended(): Promise<ContainerEnd> {
    return this.#ended;
  }

  /**
   * Until its user space is up.
   *
   * @throws EmbeddedError `cannot-start` where it ends before
   */
  async up(): Promise<void> {
    const host = await this.#hostOfInit();
    const line = await readFile(join(this.#folder, 'cmdline'));
    await writeFile(`${this.root}/run/varve-cmdline`, line);
    // The kernel's own is this machine's; what is read there is to be the machine's, before anything reads it.
    await this.#run(host, 'mount', ['--bind', '/run/varve-cmdline', '/proc/cmdline']);
    const patience = Date.now() + STARTUP;
    while (Date.now() < patience) {
      const args = ['is-system-running', '--wait'];
      const state = (await this.#run(host, 'systemctl', args, patience - Date.now())).stdout.trim();
      if (['running', 'degraded', 'maintenance'].includes(state)) return;
      await sleep(SOON);
    }
  }

  /** Asks it to shut down in order. */
  powerOff(): void {
    // To its own PID 1: the signal that systemd takes for it.
    if (this.#init !== undefined) signal(this.#init, SIGRTMIN + 4);
    else this.kill();
  }

  /** Ends it as a power cut does. */
  kill(): void {
    if (this.#isOver) return;
    this.#isEnding = true;
    if (this.#init !== undefined) signal(this.#init, 'SIGKILL');
    this.#child.kill('SIGKILL');
  }

  /**
   * Sees that it can end. A shutdown stops all processes before it kills them; an nsenter stops with its child, and does not
   * see the child's end any more, without which the process namespace never ends.
   */
  async #attend(): Promise<void> {
    while (!this.#isOver) {
      await sleep(ATTENTION, undefined, { ref: false });
      const init = this.#init;
      if (init === undefined || this.#isOver) continue;
      const name = await readFile(`/proc/${init}/comm`, 'utf8').catch(() => '');
      const isGoingDown = name.startsWith('systemd-shutdow');
      if (this.#isEnding || isGoingDown) await resumeEntered(init);
      // It looks whether all are gone when a child of its own ends, else every ten seconds.
      if (isGoingDown) signal(init, 'SIGCHLD');
    }
  }

  async #hostOfInit(): Promise<HostRunner> {
    while (this.#init === undefined) {
      if (this.#isOver) throw await this.#diedEarly();
      this.#init = await initOf(this.#child.pid);
      if (this.#init === undefined) await sleep(SOON);
    }
    const host = hostOfProcess(process.env, this.#init);
    // Its PID 1 is there before its file systems are.
    while (!existsSync(`${host.root}/run/systemd/system`)) {
      if (this.#isOver) throw await this.#diedEarly();
      await sleep(SOON);
    }
    return host;
  }

  async #run(
    host: HostRunner,
    tool: string,
    args: readonly string[],
    deadline = STARTUP,
  ): Promise<CommandOutcome> {
    const outcome = await host.run({ tool, args, deadline }).catch((error: unknown) => {
      if (!this.#isOver) throw error;
      return undefined;
    });
    if (this.#isOver || outcome === undefined) throw await this.#diedEarly();
    return outcome;
  }

  async #diedEarly(): Promise<EmbeddedError> {
    const said = await readFile(join(this.#folder, 'console.log'), 'utf8').catch(() => '');
    const last = said.trim().split('\n').slice(-8).join('\n');
    return new EmbeddedError('cannot-start', `cannot boot node ${this.#name}: it ended at once\n${last}`);
  }
}

/** The first of the signals that systemd gives a meaning to. */
const SIGRTMIN = 34;

function nspawnCommand(
  name: string,
  sysroot: string,
  { root, variable }: Bootable,
  marker: string,
): string[] {
  return [
    'systemd-nspawn',
    '--quiet',
    '--settings=no',
    '--register=no',
    // It ends when the container reboots, and does not boot the same deployment once more.
    '--keep-unit',
    `--machine=${name}`,
    `--uuid=${uuidOf(sysroot)}`,
    '--console=pipe',
    '--private-network',
    // Nothing of this machine's may show up in its /etc.
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--capability=CAP_LINUX_IMMUTABLE',
    `--directory=${root}`,
    `--bind=${sysroot}:/sysroot`,
    `--bind=${join(sysroot, 'boot')}:/boot`,
    `--bind=${variable}:/var`,
    `--bind-ro=${join(root, 'usr')}:/usr`,
    `--bind-ro=${marker}:/run/ostree-booted`,
    '--boot',
  ];
}

/** Of its own session, so that a Ctrl-C is not for it; and dead when this process is, which nobody else would end it for. */
function start(command: readonly string[], console: FileHandle): ChildProcess {
  // Where systemd runs this machine, each container has a scope of its own.
  const scope = existsSync('/run/systemd/system')
    ? ['systemd-run', '--quiet', '--scope', '--collect', '--']
    : [];
  const child = spawn('setpriv', ['--pdeathsig=KILL', '--', ...scope, ...command], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', console.fd, console.fd],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  child.on('error', () => {});
  return child;
}

async function endOf(child: ChildProcess): Promise<ContainerEnd> {
  if (child.pid === undefined) return 'killed';
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status === REBOOTED) return 'rebooted';
  return status === 0 ? 'powered-off' : 'killed';
}

/** The child of systemd-nspawn that is the first process of a process namespace. */
async function initOf(nspawn: number | undefined): Promise<number | undefined> {
  const children = await readFile(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').catch(() => '');
  for (const pid of children.split(' ').filter((text) => text !== '')) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^NSpid:(\s+\d+)+\s+1$/m.test(status)) return Number(pid);
  }
  return undefined;
}

/** Continues every stopped process that has entered a machine for another one. */
async function resumeEntered(init: number): Promise<void> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (!command.startsWith('nsenter\0') || !command.includes(`\0--target=${init}\0`)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
    if (/^State:\s+T/m.test(status)) signal(Number(pid), 'SIGCONT');
  }
}

function signal(pid: number, name: NodeJS.Signals | number): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

/** Of the machine and always the same one. */
function uuidOf(sysroot: string): string {
  const hex = createHash('sha256').update(sysroot).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
