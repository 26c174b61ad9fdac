import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodeWishes, type Phase, type Plan } from '../agent/index.ts';
import { isJsonObject } from '../schema/index.ts';

/** What an agent leaves on its host about itself, for `varve agent status` and for nothing else. */
export interface AgentNote {
  readonly node: string;
  readonly pid: number;
  /** Times are ISO 8601. */
  readonly startedAt: string;
  /** Where it serves health and metrics. */
  readonly health: string;
  readonly tool: string | undefined;
  readonly wishes: Pick<NodeWishes, 'desiredConfig' | 'desiredImage'>;
  readonly plan:
    | {
        readonly phase: Phase;
        readonly step: string;
        readonly reason: string;
        readonly degraded: string | undefined;
        readonly at: string;
      }
    | undefined;
}

const NOTE = 'agent.json';

/** Replaces the note. Nothing depends on it but what a person is told: a disk that is full is no reason to stop. */
export function writeNote(directory: string, note: AgentNote): void {
  const path = join(directory, NOTE);
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // What it says is then older than what it is about; the log has it.
  }
}

/** Undefined where no agent has ever left one that this one understands. @throws what the file system says but for that */
export function readNote(directory: string): AgentNote | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, NOTE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isNote(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function planNote({ phase, step, degraded }: Plan, at: Date): NonNullable<AgentNote['plan']> {
  return { phase, step: step.kind, reason: step.reason, degraded, at: at.toISOString() };
}

function isNote(value: unknown): value is AgentNote {
  if (!isJsonObject(value)) return false;
  const { node, pid, startedAt, health, wishes, plan } = value;
  const texts = [node, startedAt, health].every((text) => typeof text === 'string');
  return (
    texts && typeof pid === 'number' && isJsonObject(wishes) && (plan === undefined || isJsonObject(plan))
  );
}
