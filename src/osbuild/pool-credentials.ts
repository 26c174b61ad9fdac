import type { AuthSource, CredentialLookup, Reference } from '../oci/index.ts';
import { authDocument, formatRepository } from '../oci/index.ts';
import type { RegistryAccess, SecretDocument } from './pool-registry.ts';

/**
 * The credentials of a pool: those of its push secret for repositories that it writes to, those of its pull secret for
 * all others. Where the one has none for a repository, the other is asked: people who have one secret name it once.
 */
export class PoolCredentials implements AuthSource {
  readonly #push: AuthSource;
  readonly #pull: AuthSource | undefined;
  readonly #written = new Set<string>();

  constructor({ push, pull }: Pick<RegistryAccess, 'push' | 'pull'>) {
    this.#push = sourceOf(push);
    this.#pull = pull && sourceOf(pull);
  }

  /** Takes note that the pool writes to a repository. */
  writesTo(repository: Reference): void {
    this.#written.add(formatRepository(repository));
  }

  lookup(registry: string, repository: string): CredentialLookup {
    const isWritten = this.#written.has(formatRepository({ registry, repository }));
    const sources = isWritten ? [this.#push, this.#pull] : [this.#pull, this.#push];
    const files: string[] = [];
    for (const source of sources) {
      const found = source?.lookup(registry, repository);
      if (found?.credential !== undefined) return found;
      files.push(...(found?.files ?? []));
    }
    return { files: [...new Set(files)] };
  }
}

function sourceOf({ name, document }: SecretDocument): AuthSource {
  return authDocument(name, Buffer.from(document));
}
