import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Exit statuses that are answers, not failures. Default: only 0. */
  readonly accept?: readonly number[];
}

/** Arguments may be grouped in lists, to stand together on a line. */
export type Arguments = readonly (string | readonly string[])[];

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool to its end and returns what it printed; any other status than the accepted ones is an error that quotes its last lines. */
export function run(command: string, args: Arguments, options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args.flat(), {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const result = {
        status: code ?? 128,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      };
      if (signal === null && (options.accept ?? [0]).includes(result.status)) {
        resolve(result);
        return;
      }
      const tail = [result.stdout, result.stderr]
        .map((text) => text.trim().split('\n').slice(-12).join('\n'))
        .join('\n')
        .trim();
      const shown = [command, ...args.flat()].join(' ').slice(0, 300);
      reject(new Error(`cannot run ${shown}: ${signal ?? `exit status ${result.status}`}\n${tail}`));
    });
  });
}
