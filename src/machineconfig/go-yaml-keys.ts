const PLAIN_WORD = /^[A-Za-z]+$/;
const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;

/**
 * The order in which go-yaml v2 writes the keys of a map (its sorter.go): letters by code point and after
 * everything else, runs of digits by their value, shorter before longer.
 */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  if (PLAIN_WORD.test(left) && PLAIN_WORD.test(right)) return left < right ? -1 : 1;
  return isLess(Array.from(left), Array.from(right)) ? -1 : 1;
}

function isLess(left: readonly string[], right: readonly string[]): boolean {
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left[at] === right[at]) at += 1;
  const a = left[at];
  const b = right[at];
  if (a === undefined || b === undefined) return left.length < right.length;
  const aIsLetter = LETTER.test(a);
  const bIsLetter = LETTER.test(b);
  if (aIsLetter && bIsLetter) return codePoint(a) < codePoint(b);
  if (aIsLetter || bIsLetter) return bIsLetter;
  // A zero inside a number is a digit like any other; at its start it is padding.
  const start = (a === '0' || b === '0') && followsNumber(left, at) ? 1 : 0;
  const leftRun = readNumber(left, at, start);
  const rightRun = readNumber(right, at, start);
  if (leftRun.value !== rightRun.value) return leftRun.value < rightRun.value;
  if (leftRun.end !== rightRun.end) return leftRun.end < rightRun.end;
  return codePoint(a) < codePoint(b);
}

function followsNumber(text: readonly string[], at: number): boolean {
  for (let i = at - 1; i >= 0 && DIGIT.test(text[i] ?? ''); i -= 1) {
    if (text[i] !== '0') return true;
  }
  return false;
}

function readNumber(text: readonly string[], at: number, start: number): { value: bigint; end: number } {
  let value = BigInt(start);
  let end = at;
  for (; end < text.length && DIGIT.test(text[end] ?? ''); end += 1) {
    // Go counts in 64 bits and subtracts '0' whatever the script of the digit.
    value = BigInt.asIntN(64, value * 10n + BigInt(codePoint(text[end] ?? '0') - 0x30));
  }
  return { value, end };
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
