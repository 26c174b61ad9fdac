import type { UnitOption } from './unit.ts';

/**
 * Reads a unit file that is in use already, as systemd itself does: lines have no limit, a comment inside a continued
 * value is skipped, and what cannot be understood is passed over. Never fails.
 */
export function readUnit(text: string): readonly UnitOption[] {
  const options: UnitOption[] = [];
  let section = '';
  for (const line of logicalLines(text)) {
    const heading = /^\[(?<name>.*)\]$/u.exec(line)?.groups?.['name'];
    const equals = line.indexOf('=');
    if (heading !== undefined) section = heading;
    // systemd reads no further in a file with such a heading.
    else if (line.startsWith('[')) break;
    else if (equals > 0 && section !== '') {
      options.push({ section, name: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim() });
    }
  }
  return options;
}

/** Lines without comments and surrounding space, each with those that a backslash at its end continues it by. */
function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let continued: string[] = [];
  for (const line of text.replace(/^\uFEFF/u, '').split(/\r\n|[\r\n\0]/u)) {
    if (/^\s*[#;]/u.test(line)) continue;
    if (/(?<!\\)(?:\\\\)*\\$/u.test(line)) {
      continued.push(line.slice(0, -1));
      continue;
    }
    lines.push([...continued, line].join(' ').trim());
    continued = [];
  }
  lines.push(continued.join(' ').trim());
  return lines;
}
