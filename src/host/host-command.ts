/** A line that a command printed, without its end; bytes that are no UTF-8 are replaced. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr' | 'progress';
  readonly text: string;
}

/** One command to be run on a host. No shell is involved: what `args` holds reaches the tool as it is. */
export interface HostCommand {
  /** The executable's name, found on the host's PATH, or its absolute path on the host. */
  readonly tool: string;
  readonly args: readonly string[];
  /** Milliseconds until the command and all that it started are killed. */
  readonly deadline: number;
  /** Variables in addition to those that every host command gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads from its standard input. Default: nothing, it reads the end at once. */
  readonly input?: string | AsyncIterable<Uint8Array>;
  /** Bytes of standard output that are read; more is an error, as it can no longer be understood. Default: 64 MiB. */
  readonly maxOutput?: number;
  /**
   * Opens file descriptor 3 as a pipe whose lines come to `onLine` as `progress`. It is inherited through `nsenter`
   * and `chroot`, not through `systemd-run`.
   */
  readonly progress?: boolean;
  /** Leaves CPU and disk to what else runs on the host, as a pull should. */
  readonly background?: boolean;
  /** Sees every line as it is printed. It must not throw. */
  readonly onLine?: (line: OutputLine) => void;
}

/** How a command that ended by itself, or by somebody else's signal, ended. */
export interface CommandOutcome {
  /** The exit status; 128 + the signal's number, as a shell has it, when a signal ended it. */
  readonly status: number;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  /** The last 64 KiB: what a tool says of a failure stands at the end. */
  readonly stderr: string;
}
