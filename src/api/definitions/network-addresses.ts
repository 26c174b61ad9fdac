import { k } from '../../schema/index.ts';
import type { Typed, ValidationRule } from '../../schema/index.ts';

/** An address, IPv4 or IPv6. */
export const ipAddress = k.string({
  minLength: 1,
  maxLength: 39,
  rules: [{ rule: 'isIP(self)', message: 'value must be a valid IP address' }],
});

/** The networks that the nodes have addresses in. */
export const machineNetworks = k.list(
  k.string({
    minLength: 1,
    maxLength: 43,
    rules: [{ rule: 'isCIDR(self)', message: 'value must be a valid CIDR network address' }],
  }),
  {
    description: 'Networks that the nodes have addresses in.',
    maxItems: 32,
    rules: [{ rule: 'self.all(x, self.exists_one(y, x == y))' }],
  },
);

/** At most one address of each family, as `member` of a platform's spec. */
export function virtualAddresses(member: string): Typed<readonly string[]> {
  return k.list(ipAddress, { maxItems: 2, rules: [oneOfEachFamily(member, ONE_OF_EACH_FAMILY)] });
}

/** The same in a platform's status: a value that is already stored may stay. */
export function observedAddresses(member: string): Typed<readonly string[]> {
  return k.list(k.string(), { maxItems: 2, rules: [oneOfEachFamily(member, UNLESS_UNCHANGED)] });
}

/** The same as a set. */
export function observedAddressSet(member: string): Typed<readonly string[]> {
  return k.set(k.string(), { maxItems: 2, rules: [oneOfEachFamily(member, UNLESS_UNCHANGED)] });
}

/** A list that is there stays there. */
export function requiredOnceSet(member: string): ValidationRule {
  return {
    rule: `!has(oldSelf.${member}) || has(self.${member})`,
    message: `${member} list is required once set`,
  };
}

const ONE_OF_EACH_FAMILY =
  'size(self) == 2 && isIP(self[0]) && isIP(self[1]) ? ip(self[0]).family() != ip(self[1]).family() : true';
const UNLESS_UNCHANGED = `self == oldSelf || (${ONE_OF_EACH_FAMILY})`;

function oneOfEachFamily(member: string, rule: string): ValidationRule {
  return { rule, message: `${member} must contain at most one IPv4 address and at most one IPv6 address` };
}
