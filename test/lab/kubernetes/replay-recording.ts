import { compare } from './comparison.ts';
import { replay } from './exchange.ts';
import { groupOf } from './groups.ts';
import { readRecording, type RecordedExchange } from './recording.ts';
import { LabSession } from './session.ts';
import { apiSteps, crdSteps, type UnrecordedSteps } from './unrecorded-steps.ts';

/** How our answer to a recorded request compares. */
export interface ReplayResult {
  readonly id: string;
  readonly group: string;
  readonly exchange: RecordedExchange;
  /** Empty if the answers agree. */
  readonly differences: readonly string[];
}

/** Replays a whole file against a control plane of its own; undefined where the fixtures are absent. */
export async function replayRecording(name: 'api' | 'crds'): Promise<readonly ReplayResult[] | undefined> {
  const recording = readRecording(name);
  if (recording === undefined) return undefined;
  const steps = name === 'api' ? apiSteps : crdSteps;
  const session = await LabSession.start();
  try {
    const results: ReplayResult[] = [];
    for (const exchange of recording) {
      const group = name === 'crds' ? 'crds.jsonl' : groupOf(exchange.id);
      const differences = await replayOne(exchange, session, steps);
      results.push({ id: exchange.id, group, exchange, differences });
    }
    return results;
  } finally {
    await session.close();
  }
}

async function replayOne(
  exchange: RecordedExchange,
  session: LabSession,
  steps: UnrecordedSteps,
): Promise<string[]> {
  const found: string[] = [];
  for (const step of steps.before[exchange.id] ?? []) {
    await step(session).catch((error: unknown) => found.push(`before: ${String(error)}`));
  }
  try {
    const actual = await replay(exchange, session, steps.during[exchange.id] ?? []);
    return [...found, ...compare(exchange, actual, session.values)];
  } catch (error) {
    return [...found, `while it ran: ${String(error)}`];
  }
}

/** One line a group: how many agree, of how many; then those that do not. */
export function report(results: readonly ReplayResult[]): string {
  const groups = Map.groupBy(results, ({ group }) => group);
  const lines = ['group                        agree  of'];
  for (const [group, members] of groups) lines.push(line(group, members));
  lines.push(line('all', results));
  return lines.join('\n');
}

function line(group: string, members: readonly ReplayResult[]): string {
  const agreeing = members.filter(({ differences }) => differences.length === 0).length;
  return `${group.padEnd(28)} ${String(agreeing).padStart(5)} ${String(members.length).padStart(3)}`;
}
