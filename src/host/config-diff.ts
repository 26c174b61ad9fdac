import { HostError } from './host-error.ts';
import type { HostFailure } from './host-failure.ts';
import type { HostRunner } from './host-runner.ts';
import { DEADLINES, HostTool } from './host-tool.ts';

/** A path below /etc that is not as the booted image has it. */
export interface ConfigChange {
  readonly kind: 'added' | 'modified' | 'removed';
  /** Relative to /etc, without a slash at its beginning. */
  readonly path: string;
}

export type ConfigDiff =
  | { readonly ok: true; readonly changes: readonly ConfigChange[] }
  | { readonly ok: false; readonly failure: HostFailure };

const KINDS = { A: 'added', M: 'modified', D: 'removed' } as const;

/**
 * What of the host's /etc is not the image's, as ostree finds it (host-contract §3.3): type, mode, owner, content and
 * link target count, times and labels do not. It needs no lock and works beside a running transaction.
 *
 * @throws {HostError} `unreadable` for a line that is none of its form, as of a file name with a line break; `aborted`
 */
export async function diffConfig(
  host: HostRunner,
  options: { readonly deadline?: number; readonly signal?: AbortSignal } = {},
): Promise<ConfigDiff> {
  const ostree = new HostTool(host, 'ostree');
  const deadline = options.deadline ?? DEADLINES.change;
  const result = await ostree.run(['admin', 'config-diff'], deadline, options.signal);
  if (!result.ok) return result;
  return { ok: true, changes: readConfigDiff(result.outcome.stdout) };
}

/** Reads the output of `ostree admin config-diff`. */
export function readConfigDiff(text: string): readonly ConfigChange[] {
  if (text !== '' && !text.endsWith('\n')) return refuse(text.split('\n').at(-1) ?? '');
  return text.split('\n').slice(0, -1).map(readChange);
}

function readChange(line: string): ConfigChange {
  const [, letter, path] = /^([AMD]) {4}([^/].*)$/.exec(line) ?? [];
  if (path === undefined || (letter !== 'A' && letter !== 'M' && letter !== 'D')) return refuse(line);
  return { kind: KINDS[letter], path };
}

function refuse(line: string): never {
  const value = JSON.stringify(line.slice(0, 120));
  const message = `cannot read the changes of /etc: a line must be M, D or A and a path, received ${value}`;
  throw new HostError('unreadable', message, { tool: 'ostree', field: '', value });
}
