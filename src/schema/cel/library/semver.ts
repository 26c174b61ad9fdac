import { goQuote } from '../../go-format.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { OPAQUE_TYPES, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { Opaque } from '../values.ts';
import type { CelValue } from '../values.ts';
import { paidText } from './operators.ts';

const TYPE = OPAQUE_TYPES.get('semver') ?? '';
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
/** Longer texts are no versions that anything would have. */
const MAX_LENGTH = 1_000;

interface Semver {
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];
}

/** Kubernetes' semantic version library; with `true` as second argument it takes `v1.2` and `01.02.03` too. */
export const SEMVERS: readonly Overload[] = [
  overload('semver(string): semver', ([text], budget) => semverValue(paidText(text, budget), false)),
  overload('semver(string, bool): semver', ([text, normalize], budget) =>
    semverValue(paidText(text, budget), normalize === true),
  ),
  overload('isSemver(string): bool', ([text], budget) => parse(paidText(text, budget)) !== undefined),
  overload('isSemver(string, bool): bool', ([text, normalize], budget) => {
    const given = paidText(text, budget);
    return parse(normalize === true ? normalized(given) : given) !== undefined;
  }),
  overload('semver.major(): int', ([value]) => semverOf(value).numbers[0] ?? 0n),
  overload('semver.minor(): int', ([value]) => semverOf(value).numbers[1] ?? 0n),
  overload('semver.patch(): int', ([value]) => semverOf(value).numbers[2] ?? 0n),
  overload('semver.isLessThan(semver): bool', ([a, b]) => compare(semverOf(a), semverOf(b)) < 0),
  overload('semver.isGreaterThan(semver): bool', ([a, b]) => compare(semverOf(a), semverOf(b)) > 0),
  overload('semver.compareTo(semver): int', ([a, b]) => BigInt(compare(semverOf(a), semverOf(b)))),
];

function semverValue(text: string, normalize: boolean): Opaque<Semver> {
  const semver = parse(normalize ? normalized(text) : text);
  if (semver === undefined) throw new CelError(`cannot parse semantic version ${goQuote(text)}`);
  return new Opaque(TYPE, semver, (other) => compare(semver, other) === 0);
}

function semverOf(value: CelValue | undefined): Semver {
  if (value instanceof Opaque && value.typeName === TYPE) return value.content as Semver;
  throw noSuchOverload();
}

function parse(text: string): Semver | undefined {
  const match = text.length > MAX_LENGTH ? null : SEMVER.exec(text);
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', prerelease] = match;
  return {
    numbers: [BigInt(major), BigInt(minor), BigInt(patch)],
    prerelease: prerelease === undefined ? [] : prerelease.split('.'),
  };
}

/** Without a leading v and leading zeros, and with three numbers. */
function normalized(text: string): string {
  const match = /^v?([0-9.]+)(.*)$/s.exec(text);
  if (match === null) return text;
  const [, core = '', rest = ''] = match;
  const numbers = core.split('.').map((part) => part.replace(/^0+(?=[0-9])/, ''));
  while (numbers.length < 3) numbers.push('0');
  return `${numbers.join('.')}${rest}`;
}

function compare(a: Semver, b: Semver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return b.prerelease.length - a.prerelease.length;
  for (const [index, part] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return Math.sign(a.prerelease.length - b.prerelease.length);
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return BigInt(a) < BigInt(b) ? -1 : 1;
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : 1;
}
