import type { ValidationRule } from '../../schema/index.ts';

/** The value stays as it was first set. */
export function immutable(message: string): ValidationRule {
  return { rule: 'self == oldSelf', message };
}

/** The value may be set once; what counts as not yet set is the empty text. */
export function immutableOnceSet(message: string): ValidationRule {
  return { rule: "oldSelf == '' || self == oldSelf", message };
}

export function notDecreasing(message: string): ValidationRule {
  return { rule: 'self >= oldSelf', message };
}

/** The member of a union that goes with one value of its discriminator, and with no other. */
export function memberOf(
  union: { readonly member: string; readonly discriminator: string; readonly value: string },
  message = `${union.member} is required when ${union.discriminator} is ${union.value}, and forbidden otherwise`,
): ValidationRule {
  const { member, discriminator, value } = union;
  return {
    rule: `has(self.${discriminator}) && self.${discriminator} == '${value}' ? has(self.${member}) : !has(self.${member})`,
    message,
  };
}
