import { Budget } from './cel/budget.ts';
import { compileProgram } from './cel/program.ts';
import { DYN } from './cel/type.ts';
import { ArrayList, CelList, CelMap, type CelValue, EntryMap } from './cel/values.ts';
import type { Json } from './json.ts';

/** What one expression may cost (Kubernetes' PerCallLimit). */
const LIMIT = 1_000_000;

/**
 * The value of a CEL expression over JSON, as one of an admission policy has it: nothing is known of the types of its
 * variables beforehand.
 *
 * @throws CelCompileError for what is no expression; CelError where it has no value, as a policy's that fails
 */
export function evaluateExpression(source: string, variables: Readonly<Record<string, Json>>): Json {
  const program = compileProgram(source, new Map(Object.keys(variables).map((name) => [name, DYN])));
  const values = new Map(Object.entries(variables).map(([name, value]) => [name, celValue(value)]));
  return jsonOf(program.run(values, new Budget(LIMIT)));
}

function celValue(json: Json): CelValue {
  if (Array.isArray(json)) return new ArrayList(json.map(celValue));
  if (typeof json === 'object' && json !== null) {
    const map = new EntryMap();
    for (const [key, value] of Object.entries(json)) map.insert(key, celValue(value));
    return map;
  }
  return typeof json === 'number' && Number.isSafeInteger(json) ? BigInt(json) : json;
}

function jsonOf(value: CelValue): Json {
  if (
    value === null ||
    typeof value === 'boolean' ||
    typeof value === 'string' ||
    typeof value === 'number'
  ) {
    return value;
  }
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelList) return [...value].map(jsonOf);
  if (value instanceof CelMap) {
    return Object.fromEntries(value.keys().map((key) => [keyText(key), jsonOf(value.get(key) ?? null)]));
  }
  throw new TypeError('the value of the expression is no JSON');
}

/** Keys of JSON are text. */
function keyText(key: CelValue): string {
  const json = jsonOf(key);
  return typeof json === 'string' ? json : JSON.stringify(json);
}
