import type { ContainerBuilder, ContainerBuilders } from './container-builder.ts';
import { OsBuildError } from './osbuild-error.ts';
import type { RegistryAccess } from './pool-registry.ts';

/** In the place of a secret. */
const HIDDEN = '***';
/** A shorter text is in any output by chance. */
const SHORTEST = 6;
/** What anybody would take for a password, whether we know it or not: `https://user:password@host`. */
const USER_INFO = /(?<=\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+:[^\s/@]+(?=@)/gi;

/**
 * The same builders, which tell nobody the credentials of a pool, neither line by line nor in what they fail with: a command may print
 * what it finds, and a log and a condition are for everybody who may read builds.
 */
export function redactedBuilders(
  builders: ContainerBuilders,
  access: Pick<RegistryAccess, 'pull' | 'push'>,
): ContainerBuilders {
  const secrets = credentialsIn(access);
  const redact = (text: string): string =>
    secrets.reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), text).replace(USER_INFO, HIDDEN);
  return { for: (architecture) => redactedBuilder(builders.for(architecture), redact) };
}

function redactedBuilder(builder: ContainerBuilder, redact: (text: string) => string): ContainerBuilder {
  return {
    description: builder.description,
    build: async (request) => {
      try {
        return await builder.build({ ...request, say: (line) => request.say(redact(line)) });
      } catch (error) {
        if (!(error instanceof OsBuildError)) throw error;
        const { code, message, retryable, field } = error;
        throw new OsBuildError(code, redact(message), {
          cause: error.cause,
          retryable,
          ...(field === undefined ? {} : { field }),
        });
      }
    },
  };
}

/** As they are in the documents, and as people type them; the longest first, since one may be a part of another. */
function credentialsIn({ pull, push }: Pick<RegistryAccess, 'pull' | 'push'>): readonly string[] {
  const texts = [pull, push].flatMap((secret) =>
    secret === undefined ? [] : stringsIn(JSON.parse(secret.document)),
  );
  return [...new Set(texts)]
    .filter(({ length }) => length >= SHORTEST)
    .sort((one, other) => other.length - one.length);
}

const SECRET_MEMBERS: ReadonlySet<string> = new Set(['auth', 'identitytoken', 'password', 'registrytoken']);

function stringsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([member, inner]) => {
    if (typeof inner !== 'string') return stringsIn(inner);
    if (!SECRET_MEMBERS.has(member)) return [];
    return member === 'auth' ? [inner].concat(passwordOf(inner)) : [inner];
  });
}

function passwordOf(auth: string): readonly string[] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const at = text.indexOf(':');
  return at < 0 ? [] : [text, text.slice(at + 1)];
}
