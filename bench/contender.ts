import { join } from 'node:path';
import type { Laboratory } from '../test/lab/laboratory.ts';
import type { RunResult } from '../test/lab/run.ts';
import { SITE_POOL } from '../test/lab/site-config.ts';
import { buildArguments, CHECKOUT } from '../test/lab/varve.ts';
import type { Measurement, Stopwatch } from './measure.ts';

/** One way from a change to a pushed image. `prepare` is not measured. */
export interface Contender {
  readonly key: string;
  readonly title: string;
  readonly prepare?: (change: number) => Promise<void>;
  readonly build: (change: number) => Promise<Measurement>;
}

/** `varve build` of a site's pool as a new process, measured. */
export function runVarve(
  lab: Laboratory,
  stopwatch: Stopwatch,
  where: { readonly folder: string; readonly push: string; readonly cache: string },
  more: readonly string[] = [],
): Promise<RunResult> {
  const build = { pool: SITE_POOL, files: [where.folder], base: lab.base, push: where.push };
  const env = { HOME: lab.folder, VARVE_CACHE: join(lab.folder, where.cache) };
  return stopwatch.run(join(CHECKOUT, 'bin/varve'), [...buildArguments(build), ...more], { env });
}
