import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { removeTree, replaceFile } from './files.ts';
import { MachineFolder } from './machine-folder.ts';
import { runTool } from './run-tool.ts';

/**
 * A tool of a simulated machine as a process: the launchers in its bin folder run this.
 *
 * `node tool-main.ts FOLDER TOOL ARGUMENT…`
 */
async function main([folder = '', tool = '', ...args]: readonly string[]): Promise<void> {
  const machine = new MachineFolder(folder);
  // Nothing of a boot outlives it: the machine ends what it finds here.
  const note = machine.beside(`running/${process.pid}`);
  replaceFile(note, tool);
  // Whoever reads may go away at any time; what is done is done all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const status = await runTool(machine, tool, args, {
    environment: process.env,
    get input(): AsyncIterable<Uint8Array> {
      return process.stdin as AsyncIterable<Uint8Array>;
    },
    signal: new AbortController().signal,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    progress: (descriptor, line) => {
      try {
        writeSync(descriptor, `${line}\n`);
      } catch {
        // Progress is for whoever looks.
      }
    },
    power: (request) => replaceFile(machine.beside(`power/${randomUUID()}`), request),
    die: () => {
      process.kill(process.pid, 'SIGKILL');
      throw new Error('a process outlived its own end');
    },
  });
  removeTree(note);
  process.exitCode = status;
}

void main(process.argv.slice(2));
