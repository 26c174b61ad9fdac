import type { Amount, ProgressEvent } from './progress.ts';

/**
 * Reads a line of `bootc … --progress-fd` (host-contract §1.7). Progress is lossy and for display: what is no event,
 * as a cut-off last line, is left out, and the stream's end says nothing about success.
 */
export function readBootcProgress(line: string): ProgressEvent | undefined {
  const event = objectOf(line);
  const type = event?.['type'];
  if (event === undefined || (type !== 'ProgressBytes' && type !== 'ProgressSteps')) return undefined;
  const { task, description } = event;
  if (typeof task !== 'string' || task === '') return undefined;
  return {
    phase: task,
    message: currentSubtask(event) ?? (typeof description === 'string' ? description : task),
    bytes: type === 'ProgressBytes' ? amount(event, 'bytes') : undefined,
    steps: amount(event, 'steps'),
  };
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Not an event.
  }
  return undefined;
}

/** Totals of 0 mean that they are not known. */
function amount(event: Readonly<Record<string, unknown>>, name: 'bytes' | 'steps'): Amount | undefined {
  const [done, cached, total] = ['', 'Cached', 'Total'].map((suffix) => event[`${name}${suffix}`]);
  if (!isCount(done)) return undefined;
  return {
    done,
    cached: isCount(cached) ? cached : 0,
    total: isCount(total) && total > 0 ? total : undefined,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** What is being worked on: the first subtask that is not complete. */
function currentSubtask(event: Readonly<Record<string, unknown>>): string | undefined {
  const { subtasks } = event;
  if (!Array.isArray(subtasks)) return undefined;
  for (const subtask of subtasks as readonly unknown[]) {
    if (typeof subtask !== 'object' || subtask === null) continue;
    const { description, completed, bytes, bytesTotal } = subtask as Readonly<Record<string, unknown>>;
    const complete = completed === true || (isCount(bytesTotal) && bytesTotal > 0 && bytes === bytesTotal);
    if (!complete && typeof description === 'string' && description !== '') return description;
  }
  return undefined;
}
