import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from './environment.ts';

/** What shows how a cluster is; to be closed before anything is written there but by `say`. */
export interface UpPicture {
  /** Says a line on standard error, on a terminal above the picture, which is drawn over whatever stands below. */
  say(line: string): void;
  close(): Promise<void>;
}

/**
 * Shows the live picture of `varve watch` on standard error, from a process of its own: what it costs to draw five thousand nodes
 * is not to be taken from the API that they talk to. It goes when a terminal's Ctrl-C ends this one.
 */
export function startPicture(kubeconfig: string, { program, variables }: Environment): UpPicture {
  const isTerminal = process.stderr.isTTY;
  if (isTerminal) process.stderr.write('\n');
  const [command = process.execPath, ...args] = program;
  const child = spawn(command, [...args, 'watch', '--end-with-stdin', '--kubeconfig', kubeconfig], {
    // Its input ends with this process, however that ends.
    stdio: ['pipe', 2, 2],
    env: variables,
  });
  let isThere = true;
  const ended = once(child, 'exit')
    .catch(() => undefined)
    .finally(() => (isThere = false));
  // It may end while something is said to it.
  child.stdin?.on('error', () => undefined);
  return {
    say(line) {
      const to = isTerminal && isThere ? child.stdin : process.stderr;
      (to ?? process.stderr).write(`${line}\n`);
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
