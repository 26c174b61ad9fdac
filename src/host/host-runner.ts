import { commandEnvironment } from './command-environment.ts';
import type { CommandOutcome, HostCommand } from './host-command.ts';
import { HostError } from './host-error.ts';
import { runProcess } from './run-process.ts';

/** How commands reach a host, and where its files are. */
export interface HostRunner {
  /**
   * Where this process sees the host's root directory, without a slash at its end: '' on the host itself. Absolute
   * symbolic links below it point out of it: resolve no path through them.
   */
  readonly root: string;

  /**
   * Runs a command to its end and says how it ended; a failed command is an answer. Nothing that it started is left.
   *
   * @throws {HostError} `no-such-tool`, `cannot-start`, `timed-out`, `aborted`, `too-much-output`, `input-failed`
   */
  run(command: HostCommand, signal?: AbortSignal): Promise<CommandOutcome>;
}

/** This process's environment, of which host commands get what they may have. */
export type OwnEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The host that this process runs on. It needs root, and a mount namespace that it may change (host-contract §1.1).
 * With `root`, its files are below that folder: a simulated host, whose tools the PATH of `own` finds.
 */
export function thisHost(own: OwnEnvironment, root = ''): HostRunner {
  const environment = commandEnvironment(own, 'here');
  return {
    root,
    run: (command, signal) => runProcess([command.tool, ...command.args], command, environment, signal),
  };
}

/** The namespaces of a process that host commands enter: PID 1's, in a privileged pod with hostPID. */
export type Namespace = 'mount' | 'pid' | 'ipc' | 'uts' | 'net' | 'cgroup';

export interface EnterOptions {
  /** Default: mount and pid, which is what bootc needs; those not entered stay this process's. */
  readonly namespaces?: readonly Namespace[];
}

/**
 * The host whose process `pid` this process sees: PID 1 of the machine, from a privileged pod, or the init of a
 * container that stands for a host. The environment is made here and not taken from that process: older nsenters
 * cannot, and its proxies are not those that the pod was given.
 */
export function hostOfProcess(own: OwnEnvironment, pid = 1, options: EnterOptions = {}): HostRunner {
  const { namespaces = ['mount', 'pid'] } = options;
  const enter = [
    'nsenter',
    `--target=${pid}`,
    ...namespaces.map((name) => `--${name}`),
    '--setuid=0',
    '--setgid=0',
    '--',
  ];
  return entered(enter, `/proc/${pid}/root`, own);
}

/** The host whose root directory is `root`: a sandbox, or a host mounted where its namespaces cannot be entered. */
export function hostAtRoot(own: OwnEnvironment, root: string): HostRunner {
  return entered(['chroot', root], root.replace(/\/+$/, ''), own);
}

function entered(enter: readonly string[], root: string, own: OwnEnvironment): HostRunner {
  const environment = commandEnvironment(own, 'entered');
  return {
    root,
    async run(command, signal) {
      const outcome = await runProcess(
        [...enter, command.tool, ...command.args],
        command,
        environment,
        signal,
      );
      refuseMissing(command.tool, enter[0] ?? '', outcome);
      return outcome;
    },
  };
}

/** What enters says in its own words, and with a shell's exit status, that the host has no such tool. */
function refuseMissing(tool: string, enter: string, outcome: CommandOutcome): void {
  if (outcome.status !== 127 || !outcome.stderr.startsWith(`${enter}: failed to `)) return;
  throw new HostError('no-such-tool', `cannot run ${tool}: the host has no such program`, { tool });
}
