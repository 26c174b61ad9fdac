import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKOUT } from './varve.ts';

/** A file or folder of this machine, at a path of a container. */
export interface BindMount {
  readonly from: string;
  readonly to: string;
}

export interface PodProcessOptions {
  /** Of the pod alone; removed by whoever made it, when the process has ended. */
  readonly folder: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly BindMount[];
  /** As a container's securityContext names them: `SYS_ADMIN`; no others are there for anything that it starts. */
  readonly capabilities: readonly string[];
}

/** How it ended. */
export interface PodProcessEnd {
  readonly exitCode: number;
  /** What it left for the kubelet. */
  readonly message: string;
}

/** What the image of a builder has, besides this machine's own files. */
const VARVE = '/usr/local/bin/varve';
/** How long it may take to end, in milliseconds. */
const GRACE = 10_000;
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/**
 * Runs the command of a container as a kubelet and its runtime would: with a root file system of its own, which is this machine's and
 * what it writes over it, gone when it ends; with processes, mounts and a /dev of its own; and with no capabilities but its own.
 * The network is the machine's.
 */
export class PodProcess {
  readonly ended: Promise<PodProcessEnd>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ended: Promise<PodProcessEnd>) {
    this.#child = child;
    this.ended = ended;
  }

  static async start(options: PodProcessOptions): Promise<PodProcess> {
    const { folder } = options;
    const root = join(folder, 'root');
    const termination = join(folder, 'termination-log');
    await mkdir(root, { recursive: true });
    await writeFile(termination, '');
    const script = join(folder, 'start.sh');
    await writeFile(script, await setUp(root, termination, options));
    const log = createWriteStream(join(folder, 'log'));
    const child = spawn(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private', 'sh', script],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', env: { PATH: process.env['PATH'] ?? '' } },
    );
    for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
    const ended = new Promise<PodProcessEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => {
        log.end();
        readFile(termination, 'utf8').then(
          (message) => resolve({ exitCode: signal === null ? (status ?? 255) : 137, message }),
          reject,
        );
      });
    });
    return new PodProcess(child, ended);
  }

  /** Ends it as a kubelet does: tells it first, and does not wait for longer than a pod of a build is given. */
  async terminate(): Promise<void> {
    const { pid } = this.#child;
    const timer = setTimeout(() => this.kill(), GRACE);
    const stop = (): void => clearTimeout(timer);
    this.ended.then(stop, stop);
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ').filter((text) => text !== '')) signalTo(Number(child), 'SIGTERM');
  }

  /** Ends all of it at once, as the kernel does where memory is short. */
  kill(): void {
    if (this.#child.pid !== undefined) signalTo(this.#child.pid, 'SIGKILL');
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** A shell script, which becomes the command in the end. */
async function setUp(
  root: string,
  termination: string,
  { folder, command, environment, mounts, capabilities }: PodProcessOptions,
): Promise<string> {
  const node = await realpath(process.execPath);
  const modules = await realpath(join(CHECKOUT, 'node_modules'));
  const program = join(CHECKOUT, 'src/cli/main.ts');
  // They may be on other file systems than the root is.
  const own = [CHECKOUT, modules, dirname(node)].map((path) => ({ from: path, to: path }));
  const bind = ({ from, to }: BindMount): readonly string[] => [
    `if [ -d ${quote(from)} ]; then mkdir -p ${quote(root + to)}; else mkdir -p ${quote(dirname(root + to))}; : > ${quote(root + to)}; fi`,
    `mount --bind ${quote(from)} ${quote(root + to)}`,
  ];
  const layer = join(folder, 'layer');
  const bounding = capabilities.map((name) => `+${name.toLowerCase()}`).join(',');
  const variables = Object.entries({ PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...environment });
  const lines = [
    'set -e',
    `mkdir -p ${quote(layer)}`,
    `mount -t tmpfs tmpfs ${quote(layer)}`,
    `mkdir ${quote(layer)}/upper ${quote(layer)}/work`,
    `mount -t overlay overlay -o ${quote(`lowerdir=/,upperdir=${layer}/upper,workdir=${layer}/work`)} ${quote(root)}`,
    `mount -t tmpfs tmpfs ${quote(`${root}/run`)}`,
    `mount -t proc proc ${quote(`${root}/proc`)}`,
    `mount --rbind /sys ${quote(`${root}/sys`)}`,
    `mount -t tmpfs tmpfs ${quote(`${root}/dev`)}`,
    `mkdir ${quote(`${root}/dev/pts`)} ${quote(`${root}/dev/shm`)}`,
    `ln -s /proc/self/fd ${quote(`${root}/dev/fd`)}`,
    ...DEVICES.flatMap((name) => bind({ from: `/dev/${name}`, to: `/dev/${name}` })),
    ...bind({ from: termination, to: '/dev/termination-log' }),
    ...own.flatMap(bind),
    ...mounts.flatMap(bind),
    `printf '%s\\n' '#!/bin/sh' ${quote(`exec ${node} ${program} "$@"`)} > ${quote(root + VARVE)}`,
    `chmod 755 ${quote(root + VARVE)}`,
    `exec chroot ${quote(root)} setpriv --inh-caps=-all --bounding-set=-all${bounding === '' ? '' : `,${bounding}`} env -i ${variables.map(([name, value]) => quote(`${name}=${value}`)).join(' ')} ${command.map(quote).join(' ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
