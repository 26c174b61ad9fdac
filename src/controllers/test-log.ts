// A log for the tests of this room: what was said, a line each.
import type { Log, LogFields } from './support.ts';

/** Notes every line as `level message {fields}`. */
export function notedLog(lines: string[]): Log {
  const note =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      const said = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
      lines.push(`${level} ${message}${said}`);
    };
  return { info: note('info'), warn: note('warn'), error: note('error') };
}
