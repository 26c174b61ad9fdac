import { readFile } from 'node:fs/promises';

/** What a process takes, from outside. */
export interface Usage {
  /** Bytes. */
  readonly memory: number;
  /** Milliseconds of computing since its start, its children's included. */
  readonly cpu: number;
}

/** Linux counts in hundredths of a second. */
const TICK = 10;

/** @param pid of `varve agent` */
export async function usageOf(pid: number): Promise<Usage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const memory = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may have blanks in it: the 14th to 17th of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpu = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) * TICK;
  return { memory, cpu };
}

/** A line of an agent's log: when, and what. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

export async function readLog(path: string): Promise<readonly LogLine[]> {
  const text = await readFile(path, 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, time, rest] = /^(\S+Z) (.*)$/.exec(line) ?? [];
    return time === undefined ? [] : [{ at: Date.parse(time), text: rest ?? '' }];
  });
}

/** The process that wrote the last first line. */
export function pidIn(log: readonly LogLine[]): number {
  const started = log.findLast(({ text }) => text.startsWith('varve agent ('));
  return Number(/\bpid (\d+)/.exec(started?.text ?? '')?.[1]);
}
