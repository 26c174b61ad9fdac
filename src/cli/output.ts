import { dump } from 'js-yaml';

export type OutputFormat = 'text' | 'json' | 'yaml';

/** The values of `--output`, for commander. */
export const OUTPUT_FORMATS = ['text', 'json', 'yaml'] as const;

/** Writes a command's result to standard output: as text, or the value itself as JSON or YAML. */
export function writeResult(format: OutputFormat, value: unknown, text: () => string): void {
  process.stdout.write(formatResult(format, value, text));
}

function formatResult(format: OutputFormat, value: unknown, text: () => string): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(value, undefined, 2)}\n`;
    case 'yaml':
      return dump(value, { lineWidth: -1, noRefs: true, skipInvalid: true });
    case 'text':
      return text();
  }
}

/** Lines of columns, each as wide as its widest cell; nothing after the last. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** A number of bytes for people: `812 B`, `35.2 kB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Milliseconds for people: `12 ms`, `3.4 s`. */
export function formatMilliseconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
