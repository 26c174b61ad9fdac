import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Where processes are bound to cores, the server has one for itself, the load another one. */
const SERVER_CORE = '0';
const LOAD_CORE = '1';

let isBound = false;

/** Tells how the processes share the machine. */
export function placement(): string {
  return isBound
    ? 'server bound to one core, load and watchers to another'
    : `server, load and watchers on ${availableParallelism()} cores`;
}

/**
 * Binds this process to the core of the load, and those that are started from now on to theirs: the server's threads that
 * compile and collect garbage get no time from the other core then.
 *
 * @throws Error where that cannot be done
 */
export function bindToCores(): void {
  if (availableParallelism() < 2 || spawnSync('taskset', ['--version']).status !== 0)
    throw new Error('cannot bind processes to cores: taskset or a second core is missing');
  isBound = true;
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', LOAD_CORE, String(process.pid)]);
}

/** As bin/varve starts `varve up`. */
const FLAGS = [
  '--v8-pool-size=1',
  '--max-semi-space-size=8',
  '--heap-growing-percent=60',
  '--no-allocation-site-pretenuring',
];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

/** What the server's process says of itself. */
export interface ServerUsage {
  /** Resident memory in bytes. */
  readonly rss: number;
  /** The most it ever was. */
  readonly peak: number;
  /** CPU time of all its threads, in milliseconds. */
  readonly cpu: number;
}

/** The control plane in a process of its own. */
export class ServerProcess {
  readonly kubeconfig: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, kubeconfig: string) {
    this.#child = child;
    this.kubeconfig = kubeconfig;
  }

  /** @param profile where to write a CPU profile, if anywhere */
  static async start(directory: string, profile: string | undefined): Promise<ServerProcess> {
    const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const flags = [...FLAGS, ...profiling];
    const child = start('./server-process.ts', [directory], SERVER_CORE, flags);
    const [message] = (await once(child, 'message')) as [{ readonly kubeconfig: string }];
    return new ServerProcess(child, message.kubeconfig);
  }

  async usage(): Promise<ServerUsage> {
    return (await ask(this.#child, 'usage')) as ServerUsage;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

/** What watchers saw. */
export interface Sight {
  /** How many changes each of them saw. */
  readonly seen: readonly number[];
  /** From sending the write to having its event, in milliseconds, over all watchers. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The part that came within 50 ms. */
  readonly inTime: number;
}

/** Watchers in a process of their own, each with a connection. */
export class WatcherProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when all of them watch and have seen what was there before. */
  static async start(kubeconfig: string, path: string, count: number): Promise<WatcherProcess> {
    const child = start('./watcher-process.ts', [kubeconfig, path, String(count)], LOAD_CORE, []);
    await once(child, 'message');
    return new WatcherProcess(child);
  }

  /** Forgets what came so far. */
  async begin(): Promise<void> {
    await ask(this.#child, 'begin');
  }

  async report(): Promise<Sight> {
    return (await ask(this.#child, 'report')) as Sight;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'exit');
  }
}

function start(
  script: string,
  args: readonly string[],
  core: string,
  flags: readonly string[],
): ChildProcess {
  const child = fork(fileURLToPath(import.meta.resolve(script)), args, {
    execArgv: [...flags],
    env: { ...process.env, ...ENVIRONMENT },
  });
  // A process's threads start on the cores of the one that starts them, so those that are there are moved as well.
  if (isBound && child.pid !== undefined)
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', core, String(child.pid)]);
  child.on('exit', (code) => {
    if (code !== null && code !== 0) process.stderr.write(`${script} ended with status ${code}\n`);
  });
  return child;
}

async function ask(child: ChildProcess, message: string): Promise<unknown> {
  const answered = once(child, 'message');
  child.send(message);
  const [answer] = (await answered) as [unknown];
  return answer;
}
