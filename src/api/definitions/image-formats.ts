import { k } from '../../schema/index.ts';
import type { Typed } from '../../schema/index.ts';

const HOST = '([a-zA-Z0-9-]+\\\\.)+[a-zA-Z0-9-]+';

/** Where an image is pushed to: the tag is required, the host has a dot (contract §1.0). */
export const imageTagFormat = k.string({
  minLength: 1,
  maxLength: 447,
  rules: [
    {
      rule: `self.matches('^${HOST}(:[0-9]{2,5})?(/[a-zA-Z0-9-_]{1,61})*/[a-zA-Z0-9-_.]+:[a-zA-Z0-9._-]+$') || self.matches('^[^.]+\\\\.[^.]+\\\\.svc:\\\\d+\\\\/[^\\\\/]+\\\\/[^\\\\/]+:[^\\\\/]+$')`,
      message:
        'the OCI Image name should follow the host[:port][/namespace]/name format, resembling a valid URL without the scheme. Or it must be a valid .svc followed by a port, repository, image name, and tag.',
    },
  ],
});

const NAME_FORMAT =
  'the OCI Image name should follow the host[:port][/namespace]/name format, resembling a valid URL without the scheme';

/** An image by its digest (contract §1.0). Namespaces may nest, as in what it was pushed to: see docs/differences.md. */
export const imageDigestFormat = digestFormat(HOST, NAME_FORMAT);

/** The same, and the registry may be `localhost`. */
export const localImageDigestFormat = digestFormat(
  `(localhost|${HOST})`,
  `${NAME_FORMAT}; host must be either 'localhost' or a dot-qualified domain name`,
);

function digestFormat(host: string, message: string): Typed<string> {
  return k.string({
    minLength: 1,
    maxLength: 447,
    rules: [
      {
        rule: "(self.split('@').size() == 2 && self.split('@')[1].matches('^sha256:[a-f0-9]{64}$'))",
        message:
          "the OCI Image reference must end with a valid '@sha256:<digest>' suffix, where '<digest>' is 64 characters long",
      },
      {
        rule: `(self.split('@')[0].matches('^${host}(:[0-9]{2,5})?/([a-zA-Z0-9-_]{0,61}/)*[a-zA-Z0-9-_.]*?$'))`,
        message,
      },
    ],
  });
}
