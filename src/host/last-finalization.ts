import type { HostRunner } from './host-runner.ts';
import { DEADLINES, HostTool } from './host-tool.ts';
import { Systemctl } from './systemctl.ts';

/** What became of the image that was staged when the host last went down (host-contract §3.4, §9.4). */
export type LastFinalization =
  | { readonly outcome: 'completed' }
  /** It ended with an error: no room on /boot, a conflict in /etc, the boot loader. */
  | { readonly outcome: 'failed'; readonly message: string }
  /** It was locked, so nothing was done, as it should be. */
  | { readonly outcome: 'locked' }
  /** It began and did not end: the disk was too slow for its time, or the power went. */
  | { readonly outcome: 'cut-short' }
  /** It did not begin: the power went, the kernel died, or a reboot passed it by. */
  | { readonly outcome: 'not-begun' }
  /** Nothing tells: the host keeps no journal of earlier boots. */
  | { readonly outcome: 'unknown' };

const STARTED = 'e8646cd63dff4625b77909a8e7a40994';
const COMPLETED = 'dd440e3e549083b63d0efc7dc15255f1';

const FAILED_BEFORE = /ostree-finalize-staged\.service failed on previous boot:\s*(.+)/;
const LOCKED = /not finalizing; (deployment is locked|found \/run\/ostree\/staged-deployment-locked)/i;

/**
 * Finds out after a boot what the last shutdown made of what was staged. ostree leaves a note on /boot when
 * finalization fails, which a unit of the next boot repeats; the journal of the boot before tells the rest.
 *
 * @throws {HostError} `aborted`
 */
export async function readLastFinalization(
  host: HostRunner,
  options: { readonly deadline?: number; readonly signal?: AbortSignal } = {},
): Promise<LastFinalization> {
  const { deadline = DEADLINES.status, signal } = options;
  const journal = new HostTool(host, 'journalctl');
  const read = async (args: readonly string[]): Promise<string | undefined> => {
    const result = await journal.run(['--no-pager', '--quiet', ...args], deadline, signal);
    return result.ok ? result.outcome.stdout : undefined;
  };

  const complete = await new Systemctl(host, deadline).unit('ostree-boot-complete.service', signal);
  if (complete.ok && complete.unit.active === 'failed') {
    const text = await read(['--boot=0', '--unit=ostree-boot-complete.service', '--output=cat']);
    const message = FAILED_BEFORE.exec(text ?? '')?.[1]?.trim();
    return { outcome: 'failed', message: message ?? 'ostree-boot-complete.service failed' };
  }
  // Without a persistent journal there is no earlier boot, and journalctl fails.
  const text = await read(['--boot=-1', '--unit=ostree-finalize-staged.service', '--output=json']);
  return text === undefined ? { outcome: 'unknown' } : lastFinalizationOf(text);
}

/** Reads the unit's entries of one boot, as `journalctl --output=json` prints them. */
export function lastFinalizationOf(journal: string): LastFinalization {
  let began = false;
  for (const line of journal.split('\n')) {
    const entry = entryOf(line);
    if (entry === undefined) continue;
    if (entry.id === COMPLETED) return { outcome: 'completed' };
    if (LOCKED.test(entry.message)) return { outcome: 'locked' };
    const error = /^error: (.+)/s.exec(entry.message)?.[1];
    if (error !== undefined) return { outcome: 'failed', message: error.trim() };
    began ||= entry.id === STARTED;
  }
  return { outcome: began ? 'cut-short' : 'not-begun' };
}

interface JournalEntry {
  readonly id: string;
  readonly message: string;
}

/** A message that is no text is a list of bytes; one that is too long is null. */
function entryOf(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { MESSAGE: message, MESSAGE_ID: id } = value as Readonly<Record<string, unknown>>;
  const text = Array.isArray(message) ? Buffer.from(message as number[]).toString('utf8') : message;
  return { id: typeof id === 'string' ? id : '', message: typeof text === 'string' ? text : '' };
}
