import {
  addQuantities,
  compareQuantities,
  negateQuantity,
  parseQuantity,
  quantityAsFloat,
  quantityAsInteger,
  wholeQuantity,
} from '../../quantity.ts';
import type { Quantity } from '../../quantity.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { OPAQUE_TYPES, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { Opaque } from '../values.ts';
import type { CelValue } from '../values.ts';
import { asInt, paidText } from './operators.ts';

const TYPE = OPAQUE_TYPES.get('quantity') ?? '';

/** Kubernetes' quantity library. */
export const QUANTITIES: readonly Overload[] = [
  overload('quantity(string): quantity', ([text], budget) => {
    const quantity = parseQuantity(paidText(text, budget));
    if (quantity !== undefined) return quantityValue(quantity);
    throw new CelError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }),
  overload(
    'isQuantity(string): bool',
    ([text], budget) => parseQuantity(paidText(text, budget)) !== undefined,
  ),
  overload('quantity.sign(): int', ([value]) =>
    BigInt(compareQuantities(quantityOf(value), wholeQuantity(0n))),
  ),
  overload('quantity.isInteger(): bool', ([value]) => quantityAsInteger(quantityOf(value)) !== undefined),
  overload('quantity.asInteger(): int', ([value]) => {
    const whole = quantityAsInteger(quantityOf(value));
    if (whole === undefined) throw new CelError('cannot convert value to integer');
    return whole;
  }),
  overload('quantity.asApproximateFloat(): double', ([value]) => quantityAsFloat(quantityOf(value))),
  overload(
    'quantity.isLessThan(quantity): bool',
    ([a, b]) => compareQuantities(quantityOf(a), quantityOf(b)) < 0,
  ),
  overload(
    'quantity.isGreaterThan(quantity): bool',
    ([a, b]) => compareQuantities(quantityOf(a), quantityOf(b)) > 0,
  ),
  overload('quantity.compareTo(quantity): int', ([a, b]) =>
    BigInt(compareQuantities(quantityOf(a), quantityOf(b))),
  ),
  overload('quantity.add(quantity): quantity', ([a, b]) =>
    quantityValue(addQuantities(quantityOf(a), quantityOf(b))),
  ),
  overload('quantity.add(int): quantity', ([a, b]) =>
    quantityValue(addQuantities(quantityOf(a), wholeQuantity(asInt(b)))),
  ),
  overload('quantity.sub(quantity): quantity', ([a, b]) =>
    quantityValue(addQuantities(quantityOf(a), negateQuantity(quantityOf(b)))),
  ),
  overload('quantity.sub(int): quantity', ([a, b]) =>
    quantityValue(addQuantities(quantityOf(a), wholeQuantity(-asInt(b)))),
  ),
];

function quantityValue(quantity: Quantity): Opaque<Quantity> {
  return new Opaque(TYPE, quantity, (other) => compareQuantities(quantity, other) === 0);
}

function quantityOf(value: CelValue | undefined): Quantity {
  if (value instanceof Opaque && value.typeName === TYPE) return value.content as Quantity;
  throw noSuchOverload();
}
