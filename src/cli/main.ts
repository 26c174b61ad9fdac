import { readFileSync } from 'node:fs';
import { CommanderError } from '@commander-js/extra-typings';
import { describeFailure } from './failure.ts';
import { createProgram } from './program.ts';

/** Runs the command line of this process and gives its exit status (architecture §6). */
async function main(): Promise<number> {
  const outcome = { status: 0 };
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  try {
    await createProgram({ variables: process.env }, outcome, version).parseAsync();
    return outcome.status;
  } catch (error) {
    // Commander has printed its message; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`error: ${describeFailure(error)}\n`);
    return 1;
  }
}

// Exits at once: a look-up or a connection that nobody waits for any more must not keep the process.
void main().then((status) => process.exit(status));
