import type { BuildMount } from './build-inputs.ts';

/** What nobody but the build may read. */
export interface SecretValue {
  /** A character for each byte (`latin1`): not all of it is text. */
  readonly value: string;
  /** Where it is from, for people: `Secret etc-apt-auth-conf-d`. */
  readonly source: string;
}

/**
 * Folders whose files are no secret as a whole: repositories, and public keys, which package managers import into their databases.
 * What is one in them is a password or a private key.
 */
const PUBLIC: ReadonlySet<string> = new Set([
  '/etc/apt/keyrings',
  '/etc/apt/sources.list.d',
  '/etc/pki/rpm-gpg',
  '/etc/yum.repos.d',
  '/run/secrets/rhsm',
]);

/** Shorter ones are in any file by chance. */
const SHORTEST = 6;
/** Of a line of a key: the last one may be short. */
const SHORTEST_LINE = 24;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;
/** A line that sets one: `password = x` of repositories, `"token": "x"`. */
const SETTING =
  /^(?:.*[\s"'_.-])?(?:passw(?:or)?d|secret|token|api_?key)["']?[ \t]*[=:][ \t]*["']?([^\s"']+)/i;
/** Of netrc and apt's auth.conf: `machine m login l password x`. */
const NETRC = /\bpassword[ \t]+(\S+)/g;
const IN_ADDRESS = /:\/\/[^\s/:@]*:([^\s/@]+)@/g;

/** What of the mounts of a build may be nowhere else. */
export function secretValues(mounts: readonly BuildMount[]): readonly SecretValue[] {
  return mounts.flatMap(({ path, files, source }) =>
    [...files.values()].flatMap((bytes) =>
      valuesIn(bytes, PUBLIC.has(path)).map((value) => ({ value, source })),
    ),
  );
}

/** The passwords of proxies. */
export function proxySecrets(environment: Readonly<Record<string, string>>): readonly SecretValue[] {
  return Object.entries(environment).flatMap(([name, address]) =>
    addressSecrets(Buffer.from(address).toString('latin1')).map((value) => ({
      value,
      source: `the proxy in ${name}`,
    })),
  );
}

function valuesIn(bytes: Uint8Array, isPublic: boolean): readonly string[] {
  const text = Buffer.from(bytes).toString('latin1');
  const blocks = [...text.matchAll(BLOCK)];
  const keys = blocks.flatMap(([, label = '', body = '']) => {
    // Its lines: a key is one whatever is around them.
    const lines = body.split(/\s+/).filter((line) => line.length >= SHORTEST_LINE);
    return label.includes('PRIVATE KEY') ? [lines.join('\n')] : [];
  });
  const found = [...keys, ...passwordsIn(text)].filter(({ length }) => length >= SHORTEST);
  if (found.length > 0 || isPublic || blocks.length > 0) return [...new Set(found)];
  const whole = text.trim();
  return whole.length < SHORTEST ? [] : [whole];
}

function passwordsIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*[#;]/.test(line));
  const isNetrc = lines.some((line) => /^\s*(?:machine|default)\s/.test(line));
  return lines.flatMap((line) => {
    const setting = SETTING.exec(line)?.slice(1) ?? [];
    const netrc = isNetrc ? [...line.matchAll(NETRC)].map(([, value = '']) => value) : [];
    // What a package manager's variable stands for is said elsewhere.
    return [...setting, ...netrc, ...addressSecrets(line)].filter((value) => !value.startsWith('$'));
  });
}

/** As they are, and as a program reads them. */
function addressSecrets(text: string): readonly string[] {
  return [...text.matchAll(IN_ADDRESS)].flatMap(([, value = '']) => {
    const decoded = decode(value);
    return [value, decoded].filter((one, at, all) => one.length >= SHORTEST && all.indexOf(one) === at);
  });
}

function decode(value: string): string {
  try {
    const text = Buffer.from(value, 'latin1').toString('utf8');
    return Buffer.from(decodeURIComponent(text)).toString('latin1');
  } catch {
    return value;
  }
}
