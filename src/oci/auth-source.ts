import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuthFile,
  type Credential,
  type CredentialLookup,
  findCredential,
  findHelper,
  MAX_AUTH_FILE_BYTES,
  parseAuthFile,
} from './auth-file.ts';
import { OciError } from './oci-error.ts';

/** Where a registry client takes credentials from. It asks only after a registry demanded them. */
export interface AuthSource {
  /**
   * The credential for a repository.
   * @throws {OciError} code `auth-file`
   */
  lookup(registry: string, repository: string): CredentialLookup;
}

/** The outside world of {@link authFiles}. */
export interface AuthEnvironment {
  /** An auth file that a person named: it alone is read, and it must exist. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home?: string | undefined;
  readonly uid?: number | undefined;
  /** The bytes of a file, or undefined when there is no such file. */
  readonly read: (path: string) => Uint8Array | undefined;
}

interface Candidate {
  readonly path: string;
  readonly required?: boolean;
  readonly legacy?: boolean;
}

/**
 * Credentials from auth files in podman's order: the named file or `$REGISTRY_AUTH_FILE` alone; else
 * `$XDG_RUNTIME_DIR/containers/auth.json` (`/run/containers/UID/auth.json`), `~/.config/containers/auth.json`,
 * `$DOCKER_CONFIG/config.json` (`~/.docker/config.json`), `~/.dockercfg`. The first file that has a credential for the
 * repository wins, and those after it are not read: only a file that may have what is asked for can be in the way. Each
 * is read when it is first needed.
 */
export function authFiles(environment: AuthEnvironment): AuthSource {
  const unread = [...candidates(environment)];
  const read: AuthFile[] = [];
  function* files(): Generator<AuthFile> {
    yield* read;
    for (let next = unread[0]; next !== undefined; next = unread[0]) {
      const found = readCandidate(environment, next);
      unread.shift();
      if (found === undefined) continue;
      read.push(found);
      yield found;
    }
  }
  return {
    lookup(registry, repository) {
      let helper: string | undefined;
      for (const file of files()) {
        const credential: Credential | undefined = findCredential(file, registry, repository);
        if (credential !== undefined) return { credential, files: [file.path] };
        helper ??= findHelper(file, registry, repository);
      }
      const paths = read.map((file) => file.path);
      return helper === undefined ? { files: paths } : { files: paths, helper };
    },
  };
}

/** {@link authFiles} on the file system of this machine; the caller hands in its environment variables. */
export function loadAuthFiles(options: {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}): AuthSource {
  return authFiles({
    file: options.file,
    env: options.env,
    home: options.env['HOME'],
    uid: process.getuid?.(),
    read: readIfPresent,
  });
}

/** Credentials from one document in memory, such as the `.dockerconfigjson` of a pull secret; `name` is for messages. */
export function authDocument(name: string, bytes: Uint8Array): AuthSource {
  return authFiles({ file: name, env: {}, read: () => bytes });
}

function candidates(environment: AuthEnvironment): readonly Candidate[] {
  const { env, file, home, uid } = environment;
  const only = file ?? env['REGISTRY_AUTH_FILE'];
  if (only !== undefined && only !== '') return [{ path: only, required: true }];
  const runtime = env['XDG_RUNTIME_DIR'] || (uid === undefined ? undefined : `/run/containers/${uid}`);
  const config = env['XDG_CONFIG_HOME'] || (home && join(home, '.config'));
  const docker = env['DOCKER_CONFIG'] || (home && join(home, '.docker'));
  const found: Candidate[] = [];
  if (runtime)
    found.push({
      path: env['XDG_RUNTIME_DIR'] ? join(runtime, 'containers/auth.json') : join(runtime, 'auth.json'),
    });
  if (config) found.push({ path: join(config, 'containers/auth.json') });
  if (docker) found.push({ path: join(docker, 'config.json') });
  if (home) found.push({ path: join(home, '.dockercfg'), legacy: true });
  return found;
}

function readCandidate(environment: AuthEnvironment, candidate: Candidate): AuthFile | undefined {
  const bytes = environment.read(candidate.path);
  if (bytes !== undefined) return parseAuthFile(candidate.path, bytes, candidate.legacy);
  if (!candidate.required) return undefined;
  throw new OciError(
    'auth-file',
    `cannot read auth file ${candidate.path}: there is no such file; create it with podman login --authfile`,
  );
}

/** Reads one byte more than allowed at most, so that the parser can refuse a file that is too large. */
function readIfPresent(path: string): Uint8Array | undefined {
  const buffer = Buffer.allocUnsafe(MAX_AUTH_FILE_BYTES + 1);
  let filled = 0;
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    for (let count = -1; count !== 0; filled += count)
      count = readSync(file, buffer, filled, buffer.length - filled, null);
    return buffer.subarray(0, filled);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const reason = code === 'EACCES' ? 'permission denied' : code === 'EISDIR' ? 'it is a directory' : code;
    throw new OciError('auth-file', `cannot read auth file ${path}: ${reason}`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
