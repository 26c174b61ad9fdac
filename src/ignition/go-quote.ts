const SHORT: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
]);

/** Quotes text as Go's `%q` does; the real tool's messages hold names and excerpts in that form. */
export function goQuote(text: string): string {
  return `"${Array.from(text, (char) => (char === '"' ? '\\"' : escape(char))).join('')}"`;
}

/** Quotes one character as Go's JSON scanner does in its syntax errors. */
export function goQuoteChar(char: string): string {
  return `'${char === "'" ? "\\'" : escape(char)}'`;
}

function escape(char: string): string {
  const short = SHORT.get(char);
  if (short !== undefined) return short;
  if (char === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
