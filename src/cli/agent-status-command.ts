import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ChosenHost,
  DEFAULT_POLICY,
  type DescribedDrift,
  DrivenHost,
  JournalFile,
  PlaneMemoryFile,
  readDrift,
  registryImages,
} from '../agent/index.ts';
import { openDriver, probeCapabilities } from '../host/index.ts';
import { openRegistry } from '../oci/index.ts';
import { type HostFlags, hostOf, stateDirectory } from './agent-flags.ts';
import { type AgentNote, readNote } from './agent-note.ts';
import { agentStatusText } from './agent-status-text.ts';
import { type AgentSummary, summarizeAgent } from './agent-summary.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { type OutputFormat, writeResult } from './output.ts';

export interface AgentStatusFlags extends HostFlags {
  readonly output: OutputFormat;
}

/** `varve agent status`: how this host is, from the host itself and what its agent left there; it needs no cluster and changes nothing. */
export async function agentStatusCommand(flags: AgentStatusFlags, environment: Environment): Promise<void> {
  const summary = await interruptible((signal) => readSummary(flags, environment, signal));
  if (summary.host === undefined && summary.node === undefined) {
    throw new CliError('input', `cannot tell how this host is: ${summary.problems.join('; ')}`);
  }
  writeResult(flags.output, summary, () => agentStatusText(summary));
}

async function readSummary(
  flags: AgentStatusFlags,
  environment: Environment,
  signal: AbortSignal,
): Promise<AgentSummary> {
  const runner = hostOf(flags, environment);
  const state = stateDirectory(flags, runner);
  const problems: string[] = [];
  const attempt = async <T>(what: string, read: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      problems.push(`cannot ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const note = await attempt("read what the host's agent has left", () => readNote(state));
  const journal = await attempt("read the agent's journal", () =>
    new JournalFile(join(state, 'journal.json')).read(),
  );
  // The driver of plain ostree cannot be made without one; nothing is pulled.
  const registry = openRegistry();
  try {
    const host = new ChosenHost({
      probe: (ending) => probeCapabilities(runner, { signal: ending }),
      preferred: () => flags.hostTool ?? toolOf(note),
      open: (tool, capabilities) => {
        const driver = openDriver(tool, { host: runner, capabilities, images: registryImages(registry) });
        return new DrivenHost({ runner, driver, capabilities, policy: DEFAULT_POLICY });
      },
    });
    const look = await host.look(signal);
    let drift: readonly DescribedDrift[] | undefined;
    if (look.state === 'fresh') {
      const { bootId } = look.view;
      const memory = new PlaneMemoryFile(join(state, 'files.json'));
      drift = await attempt("compare the host's files with the image's", () =>
        readDrift(runner.root, memory, bootId),
      );
    }
    const isRunning = note !== undefined && (await isAgent(note.pid));
    return summarizeAgent({
      note,
      isRunning,
      journal: journal ?? { state: 'absent' },
      look,
      drift,
      problems,
    });
  } finally {
    registry.close();
  }
}

function toolOf(note: AgentNote | undefined): AgentStatusFlags['hostTool'] {
  const tool = note?.tool;
  return tool === 'bootc' || tool === 'rpm-ostree' || tool === 'ostree' ? tool : undefined;
}

/** Whether that process is an agent: another one may have its number by now. */
async function isAgent(pid: number): Promise<boolean> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return words.split('\u0000').includes('agent');
}
