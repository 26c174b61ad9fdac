import { InvalidArgumentError } from '@commander-js/extra-typings';

const QUANTITY = /^\d+(?:\.\d+)?(?:m|k|[KMGTPE]i|[MGTPE])?$/;

/**
 * Reads `cpu=2,memory=4Gi`.
 *
 * @throws InvalidArgumentError
 */
export function quantities(text: string): Readonly<Record<string, string>> {
  const read = text.split(',').map((part) => {
    const [name = '', value, ...more] = part.trim().split('=');
    if (value === undefined || more.length > 0 || !/^[a-z][-a-z0-9./]*$/.test(name) || !QUANTITY.test(value))
      throw new InvalidArgumentError('quantities by resource: cpu=500m,memory=2Gi,ephemeral-storage=20Gi');
    return [name, value] as const;
  });
  return Object.fromEntries(read);
}
