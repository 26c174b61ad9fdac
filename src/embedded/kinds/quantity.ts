import type { Json } from '../../schema/index.ts';

/** Powers of ten and of two; the number is of the smallest unit that Kubernetes keeps, 10⁻⁹. */
const DECIMAL: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY: ReadonlyMap<string, number> = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const FORM = /^([+-]?)([0-9]{0,40})(?:\.([0-9]{0,40}))?(?:([eE][+-]?[0-9]{1,2})|([a-zA-Z]{0,2}))$/;
const NANO = 9;

/** An amount of a resource (`100m`, `1Gi`, `2e3`) in billionths; undefined if it is none. */
export function quantityOf(value: Json | undefined): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const parts = typeof text === 'string' ? FORM.exec(text) : null;
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = parts;
  if (whole === '' && fraction === '') return undefined;
  const binary = BINARY.get(suffix);
  const decimal = exponent === undefined ? DECIMAL.get(suffix) : Number(exponent.slice(1));
  if (binary === undefined && decimal === undefined) return undefined;
  const digits = BigInt(whole + fraction) * (binary === undefined ? 1n : 1n << BigInt(binary));
  const amount = scale(digits, (binary === undefined ? (decimal ?? 0) : 0) + NANO - fraction.length);
  return sign === '-' ? -amount : amount;
}

/** Times 10 to the power; what is smaller than a billionth is rounded up, as Kubernetes does. */
function scale(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}
