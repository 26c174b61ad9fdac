const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** The names by which the `duration` format knows its units; the last of each line stands also for all that begin with it. */
const WORDY_UNITS: readonly (readonly [bigint, readonly string[]])[] = [
  [1n, ['ns', 'nano']],
  [1_000n, ['us', 'µs', 'micro']],
  [1_000_000n, ['ms', 'milli']],
  [1_000_000_000n, ['s', 'sec']],
  [60_000_000_000n, ['m', 'min']],
  [3_600_000_000_000n, ['h', 'hr', 'hour']],
  [86_400_000_000_000n, ['d', 'day']],
  [604_800_000_000_000n, ['w', 'week', 'wk']],
];

const MAX = 2n ** 63n;

/**
 * Nanoseconds of a text that Go's time.ParseDuration takes, for example `-1.5h`, `2h45m`, `300ms`.
 *
 * @returns undefined where it is no duration, or none that an int64 holds
 */
export function parseGoDuration(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let total = 0n;
  while (rest !== '') {
    const part = /^([0-9]*)(?:\.([0-9]*))?([^0-9.]+)/.exec(rest);
    if (part === null) return undefined;
    const [all, whole = '', fraction = '', unit = ''] = part;
    const scale = UNITS.get(unit);
    if (scale === undefined || (whole === '' && fraction === '') || whole.length > 30) return undefined;
    total += BigInt(whole === '' ? 0 : whole) * scale + fractionOf(fraction, scale);
    if (total > MAX) return undefined;
    rest = rest.slice(all.length);
  }
  if (total === MAX && !negative) return undefined;
  return negative ? -total : total;
}

/** Nanoseconds of a text of the `duration` format: what Go takes, and forms such as `2 days`, `22 ns`. */
export function parseDurationFormat(text: string): bigint | undefined {
  const exact = parseGoDuration(text);
  if (exact !== undefined) return exact;
  let total: bigint | undefined;
  // Only where a number begins: from every digit of a long one the search would run to its end again.
  for (const [, digits = '', letters = ''] of text.matchAll(/(?<![0-9])([0-9]+)\s*([A-Za-zµ]+)/g)) {
    const unit = letters.toLowerCase();
    const found = WORDY_UNITS.find(
      ([, names]) => names.includes(unit) || unit.startsWith(names.at(-1) ?? unit),
    );
    if (found !== undefined && digits.length < 20) total = (total ?? 0n) + BigInt(digits) * found[0];
  }
  return total;
}

function fractionOf(digits: string, scale: bigint): bigint {
  if (digits === '') return 0n;
  const kept = digits.slice(0, 18);
  return (BigInt(kept) * scale) / 10n ** BigInt(kept.length);
}
