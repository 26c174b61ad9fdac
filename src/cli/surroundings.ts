import { Command } from '@commander-js/extra-typings';
import type { Environment } from './environment.ts';

/** What a command tells main.ts: the exit status. */
export interface Outcome {
  status: number;
}

/** What every command is made with. */
export interface Surroundings {
  readonly environment: Environment;
  readonly outcome: Outcome;
  readonly version: string;
}

/** A command, or the program itself, that throws in place of ending the process; its subcommands do likewise. */
export function command(name: string): Command {
  return new Command(name).showHelpAfterError('(see varve --help)').exitOverride();
}
