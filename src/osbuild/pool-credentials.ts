import type { AuthSource, CredentialLookup, Reference } from '../oci/index.ts';
import { authDocument, formatRepository, OciError } from '../oci/index.ts';
import { OsBuildError } from './osbuild-error.ts';
import type { RegistryAccess, SecretDocument } from './pool-registry.ts';

/**
 * The credentials of a pool: those of its push secret for repositories that it writes to, those of its pull secret for
 * all others. Where the one has none for a repository, the other is asked: people who have one secret name it once.
 */
export class PoolCredentials implements AuthSource {
  readonly #push: Secret;
  readonly #pull: Secret | undefined;
  readonly #written = new Set<string>();

  constructor({ push, pull }: Pick<RegistryAccess, 'push' | 'pull'>) {
    this.#push = openSecret(push);
    this.#pull = pull && openSecret(pull);
  }

  /** Takes note that the pool writes to a repository. */
  writesTo(repository: Reference): void {
    this.#written.add(formatRepository(repository));
  }

  /** @throws OsBuildError `invalid-secret` where the entry for the registry cannot be read */
  lookup(registry: string, repository: string): CredentialLookup {
    const isWritten = this.#written.has(formatRepository({ registry, repository }));
    const first = isWritten ? this.#push : (this.#pull ?? this.#push);
    const second = isWritten ? this.#pull : this.#push;
    const secrets = second === undefined || second.name === first.name ? [first] : [first, second];
    for (const secret of secrets) {
      const { credential } = lookUp(secret, registry, repository);
      if (credential !== undefined)
        return { credential, files: [secret.name], remedy: remedyFor(registry, secret) };
    }
    return { files: secrets.map(({ name }) => name), remedy: remedyFor(registry, first) };
  }
}

/** The credentials of a pool that writes to these repositories. */
export function poolCredentials(
  access: Pick<RegistryAccess, 'push' | 'pull'>,
  written: readonly Reference[],
): AuthSource {
  const credentials = new PoolCredentials(access);
  for (const repository of written) credentials.writesTo(repository);
  return credentials;
}

interface Secret {
  /** `secret "NAMESPACE/NAME"`. */
  readonly name: string;
  readonly source: AuthSource;
}

function openSecret({ name, document }: SecretDocument): Secret {
  const shown = `secret ${JSON.stringify(name)}`;
  return { name: shown, source: authDocument(shown, Buffer.from(document)) };
}

function lookUp(secret: Secret, registry: string, repository: string): CredentialLookup {
  try {
    return secret.source.lookup(registry, repository);
  } catch (error) {
    if (!(error instanceof OciError) || error.code !== 'auth-file') throw error;
    // Its reader takes it for a file, of which podman keeps one.
    const [problem = ''] = error.message.replace('cannot read auth file', 'cannot use').split('; log in');
    const message = `${problem}; ${remedyFor(registry, secret)}`;
    throw new OsBuildError('invalid-secret', message, { cause: error });
  }
}

function remedyFor(registry: string, { name }: Secret): string {
  return `put the credentials for ${registry} into ${name}`;
}
