import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type RunOptions, type RunResult } from '../test/lab/run.ts';

/** What one build cost. CPU is user plus system time of the whole process tree; RSS the largest single process. */
export interface Measurement {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const TIME = '/usr/bin/time';

/** Runs a command and writes its seconds, to the millisecond, into the file `$0`: no start-up of a measuring tool counts. */
const CLOCK = 'TIMEFORMAT="%3R %3U %3S"; { time "$@" 2>&3; } 3>&2 2>"$0"';

/** Runs commands one after the other and adds up what they cost: a build may be more than one command. */
export class Stopwatch {
  readonly #memory: string;
  readonly #clock: string;
  #parts: Measurement[] = [];

  /** `folder` is for the records of GNU time and of bash. */
  constructor(folder: string) {
    if (!existsSync(TIME)) throw new Error('cannot measure: /usr/bin/time is missing: apt-get install time');
    this.#memory = join(folder, 'memory');
    this.#clock = join(folder, 'clock');
  }

  async run(
    command: string,
    args: readonly (string | readonly string[])[],
    options: RunOptions,
  ): Promise<RunResult> {
    const result = await run(
      TIME,
      ['--output', this.#memory, '--format', '%M', 'bash', '-c', CLOCK, this.#clock, command, ...args],
      options,
    );
    const [wall = 0, user = 0, system = 0] = await numbersOf(this.#clock);
    const [kilobytes = 0] = await numbersOf(this.#memory);
    this.#parts.push({
      wallMs: wall * 1000,
      cpuMs: (user + system) * 1000,
      rssBytes: kilobytes * 1024,
    });
    return result;
  }

  /** The sum since the last call. */
  take(): Measurement {
    const parts = this.#parts;
    this.#parts = [];
    return {
      wallMs: parts.reduce((sum, part) => sum + part.wallMs, 0),
      cpuMs: parts.reduce((sum, part) => sum + part.cpuMs, 0),
      rssBytes: Math.max(0, ...parts.map((part) => part.rssBytes)),
    };
  }
}

async function numbersOf(record: string): Promise<readonly number[]> {
  return (await readFile(record, 'utf8')).trim().split(' ').map(Number);
}
