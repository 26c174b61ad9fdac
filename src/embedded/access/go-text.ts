/** A text as Go's `%q` prints it: how Kubernetes' messages quote what a client sent. */
export function quoted(text: string): string {
  let quotedText = '"';
  for (const character of text) quotedText += goEscapes.get(character) ?? escaped(character);
  return `${quotedText}"`;
}

/** A list of texts as Go's `%q` prints it: `["a" "b"]`. */
export function quotedList(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(' ')}]`;
}

const goEscapes: ReadonlyMap<string, string> = new Map([
  ['"', String.raw`\"`],
  ['\\', String.raw`\\`],
  ['\u0007', String.raw`\a`],
  ['\b', String.raw`\b`],
  ['\f', String.raw`\f`],
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
  ['\v', String.raw`\v`],
]);

function escaped(character: string): string {
  if (character === ' ' || !/[\p{C}\p{Z}]/u.test(character)) return character;
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point < 0x80) return String.raw`\x${hex.padStart(2, '0')}`;
  return point < 0x1_00_00 ? String.raw`\u${hex.padStart(4, '0')}` : String.raw`\U${hex.padStart(8, '0')}`;
}
