import { removeTree, replaceFile, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';
import type { ToolRun } from './tool-run.ts';

const FILE = 'run/rpm-ostree/transaction';

interface Transaction {
  readonly title: string;
  readonly pid: number;
}

/** Does what changes deployments, as rpm-ostree's daemon: one at a time, and told by its status meanwhile. */
export function transaction(run: ToolRun, title: string, act: () => Promise<void>): Promise<void> {
  const { machine } = run;
  const path = machine.at(FILE);
  return run.withLockNow(
    async () => {
      replaceFile(path, JSON.stringify({ title, pid: process.pid } satisfies Transaction));
      try {
        await act();
      } finally {
        removeTree(path);
      }
    },
    () => {
      const running = runningTransaction(machine);
      return running === undefined
        ? 'System transaction in progress'
        : `Transaction in progress: ${running}\n You can cancel the current transaction with \`rpm-ostree cancel\``;
    },
  );
}

/** What the daemon is at work on; undefined when it rests, or died over it. */
export function runningTransaction(machine: MachineFolder): string | undefined {
  const found = read(machine);
  return found === undefined || !isAlive(found.pid) ? undefined : found.title;
}

/** Breaks the transaction off. What it has pulled stays. */
export function cancelTransaction(run: ToolRun): void {
  const found = read(run.machine);
  if (found === undefined || !isAlive(found.pid)) {
    run.out('No active transaction.');
    return;
  }
  run.out(`Cancelling transaction: ${found.title}`);
  if (found.pid !== process.pid) process.kill(found.pid, 'SIGKILL');
}

function read(machine: MachineFolder): Transaction | undefined {
  const text = textOf(machine.at(FILE));
  return text === undefined ? undefined : (JSON.parse(text) as Transaction);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
