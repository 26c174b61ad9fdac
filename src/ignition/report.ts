/** One finding of the validator. `line` and `column` (counted from 1, columns in bytes) exist for JSON text only. */
export interface ReportEntry {
  readonly kind: 'error' | 'warning';
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** The findings in the order of the real tool; `fatal` when one of them is an error. */
export interface Report {
  readonly entries: readonly ReportEntry[];
  readonly fatal: boolean;
}

/** One line exactly as `ignition-validate` prints it (host-contract §8.2). */
export function formatEntry(entry: ReportEntry): string {
  const places: string[] = [];
  if (entry.path.length > 0) places.push(['$', ...entry.path].join('.'));
  if (entry.line !== undefined) places.push(`line ${entry.line} col ${entry.column ?? 0}`);
  const at = places.length === 0 ? '' : ` at ${places.join(', ')}`;
  return `${entry.kind}${at}: ${entry.message}`;
}

/** A report of these entries. */
export function reportOf(entries: readonly ReportEntry[]): Report {
  return { entries, fatal: entries.some((entry) => entry.kind === 'error') };
}

/** A finding before it has a place in the text. `at: 'key'` points at the key its path ends in, not at its value. */
export interface Finding {
  readonly kind: ReportEntry['kind'];
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly at: 'value' | 'key';
}

/** Entries without positions. */
export function unplaced(findings: readonly Finding[]): readonly ReportEntry[] {
  return findings.map(({ kind, path, message }) => ({ kind, path, message }));
}

/**
 * Collects findings while a walk descends: the walk pushes and pops {@link path}, rules add findings below it.
 * Rules pass `undefined` for "nothing wrong".
 */
export class Findings {
  readonly path: (string | number)[] = [];
  readonly list: Finding[] = [];

  error(message: string | undefined, ...below: readonly (string | number)[]): void {
    if (message !== undefined) this.#add('error', message, below, 'value');
  }

  warn(message: string | undefined, ...below: readonly (string | number)[]): void {
    if (message !== undefined) this.#add('warning', message, below, 'value');
  }

  unusedKey(key: string): void {
    this.#add('warning', `unused key ${key}`, [key], 'key');
  }

  #add(kind: Finding['kind'], message: string, below: readonly (string | number)[], at: Finding['at']): void {
    this.list.push({ kind, path: [...this.path, ...below], message, at });
  }
}
