import { k } from '../../schema/index.ts';
import type { Typed, ValidationRule } from '../../schema/index.ts';

const SUBDOMAIN: ValidationRule = {
  rule: '!format.dns1123Subdomain().validate(self).hasValue()',
  message:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character.",
};

/** The name of most objects, where an empty one is refused by the rule alone. */
export const subdomain = k.string({ maxLength: 253, rules: [SUBDOMAIN] });

/** The name of most objects, at least this long. */
export function subdomainOf(minLength: number): Typed<string> {
  return k.string({ minLength, maxLength: 253, rules: [SUBDOMAIN] });
}

/** The name of a stream of operating system images. */
export const streamName = k.string({
  minLength: 1,
  maxLength: 253,
  rules: [{ rule: SUBDOMAIN.rule, message: (SUBDOMAIN.message ?? '').replace('lowercase ', '') }],
});

/** The name of a namespace. */
export const namespaceName = k.string({
  minLength: 1,
  maxLength: 63,
  rules: [
    {
      rule: '!format.dns1123Label().validate(self).hasValue()',
      message: 'the value must consist of only lowercase alphanumeric characters and hyphens',
    },
  ],
});

/** The plural name of a kind. */
export const resourceName = k.string({
  minLength: 1,
  maxLength: 63,
  rules: [
    {
      rule: '!format.dns1035Label().validate(self).hasValue()',
      message:
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    },
  ],
});
