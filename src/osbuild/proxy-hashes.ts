import { slowHash } from './slow-hash.ts';

const PURPOSE = 'varve: proxy of a container build';

/** The proxies of a build as its key has them: those that have a password in their address as what tells nothing of it. */
export function proxyHashes(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  // Mostly one proxy has many names.
  const known = new Map<string, string>();
  return Object.fromEntries(
    Object.entries(environment).map(([name, address]) => {
      if (address?.includes('@') !== true) return [name, address];
      const hashed = known.get(address) ?? slowHash(address, PURPOSE);
      known.set(address, hashed);
      return [name, hashed];
    }),
  );
}
