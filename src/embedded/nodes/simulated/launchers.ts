import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entriesOf, removeTree, replaceFile } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';
import { hasTool, TOOL_NAMES } from './run-tool.ts';

/**
 * Writes what a machine's PATH has: a script for each tool that it has, which begins the one program for all. Programs of this
 * computer's are not in it, so that nothing that is meant for the machine happens to the computer.
 */
export function writeLaunchers(machine: MachineFolder): void {
  mkdirSync(machine.bin, { recursive: true });
  const program = programFile();
  // A tool runs for a moment: most of that goes by compiling it.
  const cache = `NODE_COMPILE_CACHE=${quoted(machine.beside('compiled'))}`;
  for (const { name } of entriesOf(machine.bin)) {
    if (!TOOL_NAMES.includes(name) || !hasTool(machine, name)) removeTree(join(machine.bin, name));
  }
  for (const name of TOOL_NAMES) {
    if (!hasTool(machine, name)) continue;
    const words = [process.execPath, '--v8-pool-size=1', program, machine.path, name].map(quoted);
    replaceFile(join(machine.bin, name), `#!/bin/sh\n${cache} exec ${words.join(' ')} "$@"\n`, 0o755);
    chmodSync(join(machine.bin, name), 0o755);
  }
}

/** The tools' program: a source beside this one, or a bundle beside the one that this is a part of. */
function programFile(): string {
  const here = fileURLToPath(import.meta.url);
  return fileURLToPath(
    new URL(here.endsWith('.ts') ? './tool-main.ts' : './simulated-tools.cjs', import.meta.url),
  );
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
