import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../osbuild/index.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { programOf } from './process-flags.ts';
import { moveLargeLog, SupervisedProcess } from './supervised-process.ts';

export interface ControllerProcessOptions {
  /** Made if it is missing: its kubeconfig, its cache, its log. */
  readonly directory: string;
  /** The text of one. */
  readonly kubeconfig: string;
  readonly environment: Environment;
  /** Of `varve controller`. */
  readonly args: readonly string[];
  /** What a person at the terminal should see. */
  readonly say: (line: string) => void;
}

/** `varve controller` beside `varve up`. */
export interface ControllerProcess {
  /** The path of its log. */
  readonly log: string;
  /** Ends it, with the time that it needs. */
  close(): Promise<void>;
}

/** @throws CliError `input` where its directory cannot be used */
export async function startControllerProcess(options: ControllerProcessOptions): Promise<ControllerProcess> {
  const { directory, kubeconfig, args, say } = options;
  const log = join(directory, 'log');
  try {
    makeDirectory(directory, 0o700);
    await writeFile(join(directory, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    await moveLargeLog(log);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      'input',
      `cannot use ${directory} for the controller: ${why}; make room or mend that and start again`,
      { cause },
    );
  }
  const { variables } = options.environment;
  const { program, environment } = programOf('controller', options.environment.program);
  const running = SupervisedProcess.start({
    name: 'the controller',
    log,
    command: [
      ...program,
      'controller',
      `--kubeconfig=${join(directory, 'kubeconfig')}`,
      `--cache=${join(directory, 'cache')}`,
      '--end-with-stdin',
      ...args,
    ],
    environment: { ...variables, ...environment },
    say,
  });
  return { log, close: () => running.close() };
}
