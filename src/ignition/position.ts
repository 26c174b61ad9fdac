import { JsonArray, JsonObject } from './json-text.ts';
import type { JsonText } from './json-text.ts';
import type { Finding, ReportEntry } from './report.ts';

/**
 * Gives findings their lines and columns. One points at the value its path names, or at the deepest one that exists on
 * the way there. Columns count bytes; a place at the end of the text or beyond is line 0 column 0, as in the real tool.
 */
export function locate(text: string, json: JsonText, findings: readonly Finding[]): readonly ReportEntry[] {
  const offsets = findings.map((finding) => offsetOf(json, finding));
  const positions = positionsOf(text, offsets);
  return findings.map(({ kind, path, message }, i) => ({
    kind,
    path,
    message,
    ...positions.get(offsets[i] ?? 0),
  }));
}

/** An error about the text as a whole, `beyond` bytes after this offset (UTF-16 units). */
export function errorAt(text: string, offset: number, beyond: number, message: string): ReportEntry {
  const bytes = Buffer.from(text);
  const index = Buffer.byteLength(text.slice(0, offset)) + beyond;
  if (index >= bytes.length) return { kind: 'error', path: [], message, line: 0, column: 0 };
  const before = bytes.subarray(0, index);
  const line = before.reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 1);
  return { kind: 'error', path: [], message, line, column: index - before.lastIndexOf(0x0a) };
}

function offsetOf(json: JsonText, { path, at }: Finding): number {
  let { value, start } = json;
  for (const [depth, step] of path.entries()) {
    let index = -1;
    if (value instanceof JsonArray && typeof step === 'number') index = step;
    if (value instanceof JsonObject && typeof step === 'string') {
      index = value.keys.lastIndexOf(step);
      if (at === 'key' && depth === path.length - 1) return value.keyStarts[index] ?? start;
    }
    if (!(value instanceof JsonArray || value instanceof JsonObject)) return start;
    const next = value.starts[index];
    if (next === undefined) return start;
    start = next;
    value = value.values[index];
  }
  return start;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** Places of many offsets in one pass over the text. */
function positionsOf(text: string, offsets: readonly number[]): ReadonlyMap<number, Position> {
  const positions = new Map<number, Position>();
  let line = 1;
  let lineStart = 0;
  let column = 1;
  let counted = 0;
  for (const offset of [...new Set(offsets)].sort((a, b) => a - b)) {
    if (offset >= text.length) {
      positions.set(offset, { line: 0, column: 0 });
      continue;
    }
    for (;;) {
      const newline = text.indexOf('\n', lineStart);
      if (newline === -1 || newline >= offset) break;
      line++;
      lineStart = newline + 1;
      column = 1;
      counted = lineStart;
    }
    column += Buffer.byteLength(text.slice(counted, offset));
    counted = offset;
    positions.set(offset, { line, column });
  }
  return positions;
}
