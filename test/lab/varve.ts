import { join } from 'node:path';
import { type Arguments, run, type RunOptions, type RunResult } from './run.ts';

/** The root of the checkout. */
export const CHECKOUT: string = join(import.meta.dirname, '../..');

/** The command as a user calls it. */
export function varve(args: Arguments, options: RunOptions = {}): Promise<RunResult> {
  return run(join(CHECKOUT, 'bin/varve'), args, options);
}

export interface VarveBuild {
  readonly pool: string;
  /** Files and folders with the objects. */
  readonly files: readonly string[];
  readonly base: string;
  readonly push: string;
}

export function buildArguments({ pool, files, base, push }: VarveBuild): readonly string[] {
  return ['build', '--pool', pool, ...files.flatMap((file) => ['-f', file]), '--base', base, '--push', push];
}

/** `varve build`; answers the digest that it prints. */
export async function buildImage(build: VarveBuild, options: RunOptions = {}): Promise<string> {
  const { stdout } = await varve(buildArguments(build), options);
  const digest = /sha256:[0-9a-f]{64}/.exec(stdout)?.[0];
  if (digest === undefined) throw new Error(`cannot find a digest in what varve build printed: ${stdout}`);
  return digest;
}
