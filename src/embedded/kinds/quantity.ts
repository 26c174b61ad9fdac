import { parseQuantity } from '../../schema/index.ts';
import type { Json } from '../../schema/index.ts';

/** The smallest unit that Kubernetes keeps is 10⁻⁹. */
const NANO = 9;

/** An amount of a resource (`100m`, `1Gi`, `2e3`) in billionths; undefined if it is none. */
export function quantityOf(value: Json | undefined): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const quantity = typeof text === 'string' ? parseQuantity(text) : undefined;
  return quantity === undefined ? undefined : quantity.value * 10n ** BigInt(quantity.exponent + NANO);
}
