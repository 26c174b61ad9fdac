import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AuthSource, loadAuthFiles } from '../oci/index.ts';

/** Where bootc and rpm-ostree look for credentials: the first that exists, and no other (host-contract §6.1). */
const AUTH_FILES = ['run/ostree/auth.json', 'etc/ostree/auth.json', 'usr/lib/ostree/auth.json'];

/** The credentials that the host's own tools would use; read anew each time, since they are written while the agent runs. */
export function hostCredentials(root: string): AuthSource {
  return {
    lookup(registry, repository) {
      const file = AUTH_FILES.map((path) => join(root, '/', path)).find((path) => existsSync(path));
      if (file !== undefined) return loadAuthFiles({ file, env: {} }).lookup(registry, repository);
      const remedy = 'name a pull secret with --pull-secret, or write /etc/ostree/auth.json on the host';
      return { files: [], remedy };
    },
  };
}
