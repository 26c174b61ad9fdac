import { spawnSync } from 'node:child_process';
import { run } from '../test/lab/run.ts';

const MARK = 'VARVE_BENCH_PRIVATE_NETWORK';

/**
 * Sees to it that the rest of this program runs in a network namespace of its own: it is started once more in one, and
 * ends with that run's exit status. Nothing but the benchmark is on that loopback, its counters count nothing else, and
 * they are gone with it: the machine's own network and firewall are not touched.
 */
export async function enterPrivateNetwork(): Promise<void> {
  if (process.env[MARK] === '1') {
    // A new network namespace has its loopback down.
    await run('ip', ['link', 'set', 'lo', 'up']);
    return;
  }
  const again = spawnSync('unshare', ['--net', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  if (again.error !== undefined) throw again.error;
  process.exit(again.status ?? 1);
}

/** Bytes on the wire so far, headers and acknowledgements included. */
export interface Traffic {
  readonly toRegistry: number;
  readonly fromRegistry: number;
}

/** Counts what goes to and from a loopback port, in the kernel, at no cost to either side. */
export class PortCounter {
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  static async open(port: number): Promise<PortCounter> {
    for (const side of ['--dport', '--sport']) {
      await run('iptables', ['--wait', '--append', 'INPUT', '--protocol', 'tcp', side, String(port)]);
    }
    return new PortCounter(port);
  }

  async read(): Promise<Traffic> {
    const { stdout } = await run('iptables', [
      '--wait',
      '--list',
      'INPUT',
      '--verbose',
      '--exact',
      '--numeric',
    ]);
    const bytes = (side: string): number => {
      const line = stdout.split('\n').find((row) => row.includes(`${side}:${this.#port}`));
      return Number(line?.trim().split(/\s+/)[1] ?? Number.NaN);
    };
    return { toRegistry: bytes('dpt'), fromRegistry: bytes('spt') };
  }
}
