import {
  invalidValue,
  parseGoDuration,
  tooLong,
  unsupportedValue,
  type FieldError,
} from '../../schema/index.ts';
import { badRequest, invalidOptions } from '../status/index.ts';

/** The query of a write, checked. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Strict' | 'Warn';
}

const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];

/** Longer names of managers are refused; they are stored with every object. */
const MAX_MANAGER_BYTES = 128;

/**
 * Reads `dryRun`, `fieldManager` and `fieldValidation` (kubernetes-api §8).
 *
 * @param kind of the options, as messages name it: `CreateOptions`, `UpdateOptions`, `PatchOptions`
 * @param more what else is wrong with the options
 * @throws StatusError 422
 */
export function readWriteOptions(
  kind: string,
  query: URLSearchParams,
  userAgent: string | undefined,
  more: readonly FieldError[] = [],
): WriteOptions {
  const errors: FieldError[] = [...more];
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  errors.push(...dryRunErrors(dryRun));
  const manager = query.get('fieldManager') ?? '';
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) {
    errors.push(tooLong('fieldManager', MAX_MANAGER_BYTES));
  } else if (/[^\P{C}]/u.test(manager)) {
    errors.push(invalidValue('fieldManager', manager, 'should not contain non-printable characters'));
  }
  const validation = query.get('fieldValidation') ?? '';
  if (!FIELD_VALIDATIONS.includes(validation)) {
    errors.push(unsupportedValue('fieldValidation', validation, FIELD_VALIDATIONS));
  }
  if (errors.length > 0) throw invalidOptions(kind, errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager === '' ? defaultManager(userAgent) : manager,
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
  };
}

/** What is wrong with the values of `dryRun`. */
export function dryRunErrors(values: readonly string[]): FieldError[] {
  if (values.every((value) => value === 'All')) return [];
  return [unsupportedValue('dryRun', [...values], ['All'])];
}

/** The printable part of the User-Agent up to its first slash (k8s.io/apiserver, prefixFromUserAgent). */
function defaultManager(userAgent: string | undefined): string {
  let name = '';
  for (const character of (userAgent ?? '').split('/', 1)[0] ?? '') {
    if (/\p{C}/u.test(character)) continue;
    if (Buffer.byteLength(name + character) > MAX_MANAGER_BYTES) break;
    name += character;
  }
  return name === '' ? 'unknown' : name;
}

/** How long a request may take, in milliseconds; undefined where it does not say. @throws StatusError 400 */
export function readTimeout(query: URLSearchParams): number | undefined {
  const text = query.get('timeout');
  if (text === null || text === '') return undefined;
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === undefined) {
    throw badRequest(
      `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`,
    );
  }
  return Number(nanoseconds) / 1e6;
}

/**
 * Whether a query's flag is set: only its absence, `false` and `0` mean that it is not
 * (k8s.io/apimachinery, Convert_Slice_string_To_bool).
 */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
