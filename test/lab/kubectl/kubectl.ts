import { run, type RunResult } from '../run.ts';
import type { KubectlProgram } from './program.ts';
import { RunningKubectl } from './running-kubectl.ts';
import { PATIENCE } from '../until.ts';

export interface KubectlOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A person at a terminal of their own: kubectl with a kubeconfig, a home and a namespace. */
export class Kubectl {
  readonly version: string;
  readonly minor: number;
  readonly namespace: string;
  readonly #path: string;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(program: KubectlProgram, home: string, kubeconfig: string, namespace: string) {
    this.#path = program.path;
    this.version = program.version;
    this.minor = program.minor;
    this.namespace = namespace;
    // Without collecting garbage, in so short a life, it takes three quarters of the time.
    this.#environment = { HOME: home, KUBECONFIG: kubeconfig, TERM: 'dumb', TZ: 'UTC', GOGC: 'off' };
  }

  /** The outcome, whatever the exit status; 124 where it has not ended after a minute. */
  try(args: readonly string[], options: KubectlOptions = {}): Promise<RunResult> {
    return run('timeout', [String(PATIENCE), this.#path, `--namespace=${this.namespace}`, ...args], {
      env: { ...this.#environment, ...options.env },
      input: options.input ?? '',
      accept: Array.from({ length: 256 }, (_, status) => status),
    });
  }

  /** Standard output and standard error of a command that has to succeed. */
  async do(args: readonly string[], options: KubectlOptions = {}): Promise<RunResult> {
    const result = await this.try(args, options);
    if (result.status === 0) return result;
    throw new Error(
      `kubectl ${args.join(' ')}: exit status ${result.status}\n${result.stdout}${result.stderr}`,
    );
  }

  /** Standard output of a command whose words are separated by spaces. */
  async say(command: string, options: KubectlOptions = {}): Promise<string> {
    return (await this.do(command.split(' '), options)).stdout;
  }

  /** Standard error of a command that has to fail with status 1. */
  async refuse(command: string, options: KubectlOptions = {}): Promise<string> {
    const result = await this.try(command.split(' '), options);
    if (result.status === 1) return result.stderr;
    throw new Error(
      `kubectl ${command}: exit status ${result.status}, expected 1\n${result.stdout}${result.stderr}`,
    );
  }

  /** Starts a command that goes on until it is told to stop, or ends by itself. */
  start(command: string): RunningKubectl {
    return new RunningKubectl(this.#path, [`--namespace=${this.namespace}`, ...command.split(' ')], {
      ...process.env,
      LC_ALL: 'C',
      ...this.#environment,
    });
  }
}
