/** A Kubernetes resource quantity, exactly: `value` × 10^`exponent`. */
export interface Quantity {
  readonly value: bigint;
  readonly exponent: number;
}

const SUFFIXES: ReadonlyMap<string, { base: 2 | 10; power: number }> = new Map([
  ['n', { base: 10, power: -9 }],
  ['u', { base: 10, power: -6 }],
  ['m', { base: 10, power: -3 }],
  ['', { base: 10, power: 0 }],
  ['k', { base: 10, power: 3 }],
  ['M', { base: 10, power: 6 }],
  ['G', { base: 10, power: 9 }],
  ['T', { base: 10, power: 12 }],
  ['P', { base: 10, power: 15 }],
  ['E', { base: 10, power: 18 }],
  ['Ki', { base: 2, power: 10 }],
  ['Mi', { base: 2, power: 20 }],
  ['Gi', { base: 2, power: 30 }],
  ['Ti', { base: 2, power: 40 }],
  ['Pi', { base: 2, power: 50 }],
  ['Ei', { base: 2, power: 60 }],
]);

/** Digits beyond this are hostile: no quantity that Kubernetes computes with has them. */
const MAX_DIGITS = 400;
const MAX_EXPONENT = 400;

/** Reads a quantity as resource.ParseQuantity does: `100m`, `1.5Gi`, `1e3`; undefined where it is none. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = match;
  if ((whole === '' && fraction === '') || whole.length + fraction.length > MAX_DIGITS) return undefined;
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  if (exponent !== undefined) {
    const power = Number(exponent.slice(1));
    return Math.abs(power) > MAX_EXPONENT ? undefined : normal(digits, power - fraction.length);
  }
  const scale = SUFFIXES.get(suffix);
  if (scale === undefined) return undefined;
  if (scale.base === 10) return normal(digits, scale.power - fraction.length);
  return normal(digits * 2n ** BigInt(scale.power), -fraction.length);
}

/** Whether this is a quantity. */
export function isQuantity(text: string): boolean {
  return PLAIN.test(text) || parseQuantity(text) !== undefined;
}

/** What nearly all are. */
const PLAIN = /^[0-9]{1,15}(?:m|Ki|Mi|Gi)?$/;

/** Negative, 0 or positive, as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const { left, right } = aligned(a, b);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The sum of two quantities. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const { left, right, exponent } = aligned(a, b);
  return normal(left + right, exponent);
}

/** The quantity with its sign turned round. */
export function negateQuantity({ value, exponent }: Quantity): Quantity {
  return { value: -value, exponent };
}

/** The quantity of a whole number. */
export function wholeQuantity(value: bigint): Quantity {
  return normal(value, 0);
}

/** The whole number that this is; undefined where it is none, or none that an int64 holds. */
export function quantityAsInteger({ value, exponent }: Quantity): bigint | undefined {
  if (exponent < 0 || exponent > 19) return undefined;
  const whole = value * 10n ** BigInt(exponent);
  return BigInt.asIntN(64, whole) === whole ? whole : undefined;
}

/** The nearest float64. */
export function quantityAsFloat({ value, exponent }: Quantity): number {
  return Number(`${value}e${exponent}`);
}

function aligned(a: Quantity, b: Quantity): { left: bigint; right: bigint; exponent: number } {
  const exponent = Math.min(a.exponent, b.exponent);
  return {
    left: a.value * 10n ** BigInt(a.exponent - exponent),
    right: b.value * 10n ** BigInt(b.exponent - exponent),
    exponent,
  };
}

/** The same number with its trailing zeros in the exponent; below nano, Kubernetes rounds up, away from zero. */
function normal(value: bigint, exponent: number): Quantity {
  let digits = value;
  let power = exponent;
  if (digits === 0n) return { value: 0n, exponent: 0 };
  if (power < -9) {
    const scale = 10n ** BigInt(-9 - power);
    const rest = digits % scale;
    digits /= scale;
    if (rest !== 0n) digits += rest > 0n ? 1n : -1n;
    power = -9;
  }
  while (digits % 10n === 0n && digits !== 0n) {
    digits /= 10n;
    power += 1;
  }
  return { value: digits, exponent: power };
}
