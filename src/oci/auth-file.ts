import { readJsonObject } from './documents.ts';
import { OciError } from './oci-error.ts';
import { canonicalRegistry } from './reference.ts';

/** What a registry or its token service accepts from us. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, the `identitytoken` of Docker's files. */
  | { readonly kind: 'identity'; readonly token: string };

/** What the auth files have for one repository. */
export interface CredentialLookup {
  readonly credential?: Credential;
  /** The file that the credential comes from; without a credential, the files that were read. */
  readonly files: readonly string[];
  /** A credential helper that is configured for the registry. Helpers are not run. */
  readonly helper?: string;
  /** What a person does to give others, for messages. Default: `log in with podman login REGISTRY`. */
  readonly remedy?: string;
}

/** The largest auth file that is read, in bytes. */
export const MAX_AUTH_FILE_BYTES: number = 1024 * 1024;

/** One auth file, decoded. An entry with a defect fails only when it is needed. */
export interface AuthFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, AuthEntry>;
  readonly helpers: ReadonlyMap<string, string>;
  readonly store: string | undefined;
}

interface AuthEntry {
  readonly key: string;
  readonly credential?: Credential;
  readonly defect?: string;
}

/**
 * Decodes containers-auth.json, Docker's config.json or, with `legacy`, ~/.dockercfg (a bare map of hosts).
 * @throws {OciError} code `auth-file`, naming the file, the key and the defect, never a secret
 */
export function parseAuthFile(path: string, bytes: Uint8Array, legacy = false): AuthFile {
  const document = readDocument(path, bytes);
  const auths = legacy ? document : member(path, document, 'auths');
  const entries = new Map<string, AuthEntry>();
  for (const [key, value] of Object.entries(auths)) {
    const scope = scopeOfKey(key, legacy);
    // A key written exactly as the scope beats a URL that comes to the same scope.
    if (entries.has(scope) && key !== scope) continue;
    entries.set(scope, decodeEntry(key, value));
  }
  const helpers = new Map<string, string>();
  if (!legacy) {
    for (const [key, value] of Object.entries(member(path, document, 'credHelpers'))) {
      if (typeof value !== 'string') throw defect(path, `credHelpers[${quote(key)}]`, 'is not a string');
      helpers.set(scopeOfKey(key, false), value);
    }
  }
  const store = legacy ? undefined : (document['credsStore'] ?? undefined);
  if (store !== undefined && typeof store !== 'string') throw defect(path, 'credsStore', 'is not a string');
  return { path, entries, helpers, store: store === '' ? undefined : store };
}

/**
 * Finds the credential for a repository: the most specific of `host/a/b`, `host/a` and `host` wins (host-contract §6.1);
 * hosts and ports match exactly.
 * @throws {OciError} code `auth-file` when the matching entry is malformed
 */
export function findCredential(file: AuthFile, registry: string, repository: string): Credential | undefined {
  for (const scope of scopesOf(registry, repository)) {
    const entry = file.entries.get(scope);
    if (entry?.defect !== undefined) throw defect(file.path, `auths[${quote(entry.key)}]`, entry.defect);
    if (entry?.credential !== undefined) return entry.credential;
  }
  return undefined;
}

/** The credential helper that the file configures for a repository. */
export function findHelper(file: AuthFile, registry: string, repository: string): string | undefined {
  for (const scope of scopesOf(registry, repository)) {
    const helper = file.helpers.get(scope);
    if (helper !== undefined && helper !== '') return helper;
  }
  return file.store;
}

/** `host/a/b`, `host/a`, `host` for the repository `a/b` on `host`. */
function scopesOf(registry: string, repository: string): readonly string[] {
  const scopes: string[] = [];
  for (let scope = `${registry}/${repository}`; ; scope = scope.slice(0, scope.lastIndexOf('/'))) {
    scopes.push(scope);
    if (!scope.includes('/')) return scopes;
  }
}

/** `https://host/v2/` → `host`; `host/team/` → `host/team`. Docker's keys are URLs, podman's are host and path. */
function scopeOfKey(key: string, legacy: boolean): string {
  const bare = key.replace(/^https?:\/\//u, '');
  const [host = '', ...path] = bare.split('/').filter((part, at) => at === 0 || part !== '');
  const registry = canonicalRegistry(host);
  return legacy || bare !== key || path.length === 0 ? registry : `${registry}/${path.join('/')}`;
}

function decodeEntry(key: string, value: unknown): AuthEntry {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { key, defect: 'is not an object' };
  const members = value as Record<string, unknown>;
  for (const name of ['auth', 'username', 'password', 'identitytoken']) {
    const text = members[name];
    if (text !== undefined && text !== null && typeof text !== 'string')
      return { key, defect: `has a member ${name} that is not a string` };
  }
  const { auth, username, password, identitytoken } = members as Readonly<
    Record<string, string | null | undefined>
  >;
  if (identitytoken) return { key, credential: { kind: 'identity', token: identitytoken } };
  if (auth) return decodeAuth(key, auth);
  if (!username && !password) return { key };
  if (!username || !password) return { key, defect: `has no ${username ? 'password' : 'username'}` };
  return { key, credential: { kind: 'basic', username, password } };
}

function decodeAuth(key: string, auth: string): AuthEntry {
  const trimmed = auth.trim();
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/u.test(trimmed))
    return { key, defect: 'has a member auth that is not base64' };
  // Docker pads some values with NUL bytes.
  const text = Buffer.from(trimmed, 'base64').toString('utf8').replace(/\0+$/u, '');
  const colon = text.indexOf(':');
  if (colon < 1) return { key, defect: 'has a member auth that is not base64 of USER:PASSWORD' };
  return {
    key,
    credential: { kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) },
  };
}

function readDocument(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return readJsonObject('auth file', bytes, MAX_AUTH_FILE_BYTES);
  } catch (error) {
    const reason =
      error instanceof OciError ? error.message.replace('cannot read auth file: ', '') : 'it is not JSON';
    // Without the cause: a JSON syntax error quotes the text around it, which may be a secret.
    throw new OciError(
      'auth-file',
      `cannot read auth file ${path}: ${reason}; log in again (podman login --authfile) to write it anew`,
    );
  }
}

function member(path: string, document: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = document[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw defect(path, name, 'is not an object');
  return value as Record<string, unknown>;
}

function defect(path: string, key: string, reason: string): OciError {
  return new OciError(
    'auth-file',
    `cannot read auth file ${path}: ${key} ${reason}; log in again (podman login) or remove the entry`,
  );
}

function quote(key: string): string {
  return JSON.stringify(key.slice(0, 160));
}
