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

/** Runs commands one after the other and adds up what they cost: a build may be more than one command. */
export class Stopwatch {
  readonly #record: string;
  #parts: Measurement[] = [];

  /** `folder` is for the record that GNU time writes. */
  constructor(folder: string) {
    if (!existsSync(TIME)) throw new Error('cannot measure: /usr/bin/time is missing: apt-get install time');
    this.#record = join(folder, 'time');
  }

  async run(
    command: string,
    args: readonly (string | readonly string[])[],
    options: RunOptions,
  ): Promise<RunResult> {
    const start = process.hrtime.bigint();
    const result = await run(
      TIME,
      ['--output', this.#record, '--format', '%U %S %M', command, ...args],
      options,
    );
    const wallMs = Number(process.hrtime.bigint() - start) / 1e6;
    const [user = 0, system = 0, kilobytes = 0] = (await readFile(this.#record, 'utf8'))
      .trim()
      .split(' ')
      .map(Number);
    this.#parts.push({ wallMs, cpuMs: (user + system) * 1000, rssBytes: kilobytes * 1024 });
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
