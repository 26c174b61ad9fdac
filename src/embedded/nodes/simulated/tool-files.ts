import { closeSync, openSync } from 'node:fs';
import { removeTree } from './files.ts';
import { pathBelow } from './root-path.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';

/** `touch`. */
export function touch(run: ToolRun): void {
  for (const path of paths(run.args)) closeSync(openSync(below(run, `${path}/.`), 'a'));
}

/** `rm`. */
export function rm(run: ToolRun): void {
  for (const path of paths(run.args)) removeTree(below(run, path));
}

/** `unshare --mount sh -c SCRIPT rm PATH…`: what is to be removed of a /sysroot that is read-only for all others. */
export function unshare(run: ToolRun): void {
  const at = run.args.indexOf('-c');
  const [script = '', name, ...rest] = at < 0 ? [] : run.args.slice(at + 1);
  if (name !== 'rm' || !script.includes('exec rm -rf'))
    throw new ToolError(`a simulated host cannot run ${script}`);
  for (const path of rest) removeTree(below(run, path));
}

function paths(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  return at < 0 ? args.filter((argument) => !argument.startsWith('-')) : args.slice(at + 1);
}

function below(run: ToolRun, path: string): string {
  const at = pathBelow(run.machine.root, path);
  if (at === undefined) throw new ToolError(`cannot access '${path}': Too many levels of symbolic links`);
  return at;
}
