import { readFileSync } from 'node:fs';
import { CommanderError } from '@commander-js/extra-typings';
import { describeFailure } from './failure.ts';
import { flush } from './flush.ts';
import { Interruption } from './interruption.ts';
import { createProgram } from './program.ts';

/** Runs the command line of this process and gives its exit status (architecture §6). */
async function main(): Promise<number> {
  const outcome = { status: 0 };
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  try {
    const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
    const surroundings = { environment: { variables: process.env, program }, outcome, version };
    await createProgram(surroundings, process.argv[2]).parseAsync();
    return outcome.status;
  } catch (error) {
    // Commander has printed its message; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Interruption) return error.status;
    process.stderr.write(`error: ${describeFailure(error)}\n`);
    return 1;
  }
}

async function run(): Promise<never> {
  let lost: string | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost = error.code;
  });
  // Nobody reads what is said: that stops no build.
  process.stderr.on('error', () => undefined);
  const status = await main();
  lost = (await flush(process.stdout)) ?? lost;
  if (lost !== undefined) process.stderr.write(`error: cannot write to standard output: ${lost}\n`);
  await flush(process.stderr);
  // Exits at once: a look-up or a connection that nobody waits for any more must not keep the process.
  process.exit(lost === undefined ? status : 1);
}

void run();
