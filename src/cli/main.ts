import { readFileSync } from 'node:fs';
import { CommanderError } from '@commander-js/extra-typings';
import { describeFailure } from './failure.ts';
import { createProgram } from './program.ts';

const outcome = { status: 0 };
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

try {
  await createProgram({ variables: process.env }, outcome, version).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message; help and version are no errors.
    outcome.status = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`error: ${describeFailure(error)}\n`);
    outcome.status = 1;
  }
}
// At once: a look-up or a connection that nobody waits for any more must not keep the process.
process.exit(outcome.status);
