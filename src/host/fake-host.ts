import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeTools } from './fake-tools.ts';
import type { HostCapabilities } from './host-capabilities.ts';
import type { CommandOutcome, HostCommand } from './host-command.ts';
import { HostError } from './host-error.ts';
import { type HostRunner, thisHost } from './host-runner.ts';

export interface FakeDeployment {
  readonly image: string;
  readonly digest: string | undefined;
  readonly checksum: string;
  readonly serial: number;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly locked: boolean;
  readonly pinned: boolean;
  readonly layered: readonly string[];
  readonly kernelArguments: string;
}

/** What a tool does in the place of its work, or after it. */
export interface FakeFault {
  /** The beginning of the command line that it strikes. */
  readonly command: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
  /** It is killed, as by the kernel short of memory. */
  readonly killed?: boolean;
  /** The work is done all the same. */
  readonly effect?: boolean;
}

export interface FakeState {
  /** In boot order. */
  readonly deployments: readonly FakeDeployment[];
  readonly transaction?: string;
  readonly fault?: FakeFault;
  /** The command lines that were run. */
  readonly log: readonly string[];
}

/**
 * For tests: a host whose tools are functions over one value, with a fault on demand. A tool can be replaced by a
 * script, which then runs as a process.
 */
export class FakeHost {
  readonly runner: HostRunner;
  readonly folder: string;
  state: FakeState;
  readonly #replaced = new Set<string>();

  private constructor(folder: string, state: FakeState) {
    this.folder = folder;
    this.state = state;
    const processes = thisHost({ PATH: `${folder}:/usr/bin:/bin` });
    this.runner = {
      root: folder,
      run: (command, signal) => {
        if (this.#replaced.has(command.tool)) return processes.run(command, signal);
        return this.#run(command, signal);
      },
    };
  }

  static async make(state: Partial<FakeState>): Promise<FakeHost> {
    const folder = await mkdtemp(join(tmpdir(), 'varve-fake-host-'));
    return new FakeHost(folder, { deployments: [], log: [], ...state });
  }

  /** Puts a shell script in the place of a tool. */
  async replace(tool: string, script: string): Promise<void> {
    this.#replaced.add(tool);
    await writeFile(join(this.folder, tool), `#!/bin/sh\n${script}\n`);
    await chmod(join(this.folder, tool), 0o755);
  }

  /** What was run, without what only reads. */
  get changes(): readonly string[] {
    return this.state.log.filter((line) => !/ status\b|rpm-ostree kargs$|^rm /.test(line));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #run({ tool, args, onLine }: HostCommand, signal: AbortSignal | undefined): Promise<CommandOutcome> {
    const line = [tool, ...args].join(' ');
    const { fault } = this.state;
    if (signal?.aborted === true) throw new HostError('aborted', `cannot run ${line}`, { tool });
    if (line.endsWith('--property=UserspaceTimestampMonotonic')) {
      return { status: 0, signal: undefined, stdout: 'UserspaceTimestampMonotonic=1\n', stderr: '' };
    }
    this.state = { ...this.state, log: [...this.state.log, line] };
    const struck = fault !== undefined && line.startsWith(fault.command) ? fault : undefined;
    if (struck !== undefined && struck.effect !== true) return outcomeOf(struck);
    const tools = new FakeTools(this.state, args, onLine);
    const outcome = tools.run(tool);
    this.state = tools.state;
    return struck === undefined ? outcome : outcomeOf(struck);
  }
}

function outcomeOf({ status = 1, stdout = '', stderr = '', killed }: FakeFault): CommandOutcome {
  if (killed === true) return { status: 137, signal: 'SIGKILL', stdout, stderr };
  return { status, signal: undefined, stdout, stderr };
}

export const FAKE_CAPABILITIES: HostCapabilities = {
  ostreeBooted: true,
  bootc: {
    version: [1, 16, 9],
    switchDownloadOnly: false,
    loaderEntries: true,
    progress: true,
    signaturePolicy: true,
  },
  rpmOstree: { version: [2026, 2], containers: true, lockFinalization: true, unchangedExit77: true },
  ostree: {
    version: [2026, 4],
    jsonStatus: true,
    lockFinalization: true,
    lockedStaging: 'none',
    softReboot: true,
    setDefault: true,
  },
  skopeo: [1, 22, 2],
  systemd: [257],
  softReboot: true,
};

/** A deployment of the image whose digest is that letter, 64 times. */
export function fakeDeployment(letter: string, more: Partial<FakeDeployment> = {}): FakeDeployment {
  const digest = `sha256:${letter.repeat(64)}`;
  return {
    image: fakeImage(letter),
    digest,
    checksum: letter.repeat(64),
    serial: 0,
    booted: false,
    staged: false,
    locked: false,
    pinned: false,
    layered: [],
    kernelArguments: 'root=LABEL=root rw quiet',
    ...more,
  };
}

export function fakeImage(letter: string): string {
  return `registry.example.net/os/worker@sha256:${letter.repeat(64)}`;
}
