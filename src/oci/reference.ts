import { isIPv6 } from 'node:net';
import { type Digest, isDigest } from './digest.ts';
import { OciError } from './oci-error.ts';

/** A fully qualified image reference. */
export interface Reference {
  /** `host[:port]` in lower case; an IPv6 host in brackets. */
  readonly registry: string;
  /** The repository path below the registry, such as `team/os`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** What containers/image accepts for `HOST/path` in all; a longer name could be pushed but not pulled by a node. */
const MAX_NAME = 255;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/u;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/u;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/u;
const DOCKER_HUB_ALIASES = new Set(['index.docker.io', 'registry-1.docker.io']);

/**
 * Reads `HOST[:PORT]/path[:tag][@digest]`, with or without `docker://` in front. Short names such as `fedora` are
 * refused: which registry they mean depends on the machine that reads them.
 * @throws {OciError} code `invalid-reference`; the message says what to write instead
 */
export function parseReference(text: string): Reference {
  const stripped = text.startsWith('docker://') ? text.slice('docker://'.length) : text;
  const fail = refusal(text);
  refuseCredentials(stripped);
  if (stripped === '') throw fail('it is empty; write HOST/NAME:TAG');
  // Everything but the printable characters of ASCII and what lies beyond Latin-1's controls; property classes and
  // case folding over all of Unicode would take a millisecond to compile.
  if (/[^!-~\u00a1-\u{10ffff}]|\s/u.test(stripped))
    throw fail('it holds white space or a control character; remove it');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//u.exec(stripped)?.[1];
  if (scheme !== undefined) throw fail(`it begins with ${scheme}://; write HOST/NAME:TAG without it`);

  const slash = stripped.indexOf('/');
  const at = stripped.indexOf('@');
  const digest = at < 0 ? undefined : stripped.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw fail('what follows @ is not a digest; write @sha256: and 64 lower-case hex digits');
  }
  const named = at < 0 ? stripped : stripped.slice(0, at);
  const first = named.slice(0, slash);
  if (slash < 0 || !looksLikeRegistry(first)) {
    throw fail(
      `it does not name a registry; write HOST/${shortHint(named)}, for example docker.io/library/NAME or quay.io/NAME`,
    );
  }
  const registry = parseRegistry(first, fail);
  const rest = named.slice(slash + 1);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) {
    throw fail(
      'its tag must have 1 to 128 letters, digits, "_", "." or "-" and begin with a letter, digit or "_"',
    );
  }
  const repository = parseRepository(registry, colon < 0 ? rest : rest.slice(0, colon), fail);
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Comes before every other check: what they say quotes the text. */
function refuseCredentials(text: string): void {
  const at = text.indexOf('@');
  if (at < 0 || /^sha\d+:/u.test(text.slice(at + 1))) return;
  const place = text.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//u, '').split('/', 1)[0] ?? '';
  throw new OciError(
    'invalid-reference',
    place.includes('@')
      ? 'cannot read image reference: it holds a user name or password before the host; keep them in an auth file (podman login HOST) and write HOST/NAME:TAG'
      : 'cannot read image reference: what follows @ is not a digest; write @sha256: and 64 lower-case hex digits, and keep user names and passwords in an auth file (podman login HOST)',
  );
}

/** `HOST[:PORT]/path[:tag][@digest]`, the inverse of {@link parseReference}. */
export function formatReference(ref: Reference): string {
  const tag = ref.tag === undefined ? '' : `:${ref.tag}`;
  const digest = ref.digest === undefined ? '' : `@${ref.digest}`;
  return `${formatRepository(ref)}${tag}${digest}`;
}

/** `HOST[:PORT]/path` without tag and digest. */
export function formatRepository(ref: Reference): string {
  return `${ref.registry}/${ref.repository}`;
}

/**
 * The same repository under the given tag; a digest is dropped, because it belonged to the old tag.
 * @throws {OciError} code `invalid-reference` when the tag breaks the grammar
 */
export function withTag(ref: Reference, tag: string): Reference {
  const { registry, repository } = ref;
  if (!TAG.test(tag)) throw refusal(`${formatRepository(ref)}:${tag}`)('its tag breaks the tag grammar');
  return { registry, repository, tag };
}

/** The same repository under the given digest; a tag is dropped, so that only the digest decides. */
export function withDigest(ref: Reference, digest: Digest): Reference {
  const { registry, repository } = ref;
  return { registry, repository, digest };
}

/** The one spelling of a registry's name: lower case, `docker.io` for the aliases of Docker Hub. */
export function canonicalRegistry(registry: string): string {
  const lower = registry.toLowerCase();
  return DOCKER_HUB_ALIASES.has(lower) ? 'docker.io' : lower;
}

type Refusal = (reason: string) => OciError;

function refusal(text: string): Refusal {
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  return (reason) =>
    new OciError('invalid-reference', `cannot read image reference ${JSON.stringify(shown)}: ${reason}`);
}

function looksLikeRegistry(first: string): boolean {
  return /[.:[\]]/u.test(first) || first.toLowerCase() === 'localhost';
}

function shortHint(named: string): string {
  return /^[a-z0-9._/-]{1,64}(?::[\w.-]{1,64})?$/u.test(named) ? named : 'NAME';
}

function parseRegistry(text: string, fail: Refusal): string {
  const parts = /^(?<host>\[[^\]]*\]|[^:[\]]*)(?::(?<port>.*))?$/u.exec(text)?.groups;
  const host = parts?.['host']?.toLowerCase();
  const port = parts?.['port'];
  if (host === undefined || host === '') throw fail('its registry is not HOST, HOST:PORT or [IPV6]:PORT');
  if (host.startsWith('[')) {
    if (!isIPv6(host.slice(1, -1)) || host.includes('%'))
      throw fail('its registry is not a valid [IPV6] address');
  } else if (host.length > 253 || !HOST.test(host)) {
    throw fail('its host may hold only letters, digits, "-" and "." (write the IDNA form of other names)');
  }
  if (port !== undefined && !(/^[1-9][0-9]{0,4}$/u.test(port) && Number(port) <= 65_535)) {
    throw fail('its port is not a number from 1 to 65535');
  }
  return canonicalRegistry(port === undefined ? host : `${host}:${port}`);
}

function parseRepository(registry: string, text: string, fail: Refusal): string {
  if (text === '') throw fail('it has no name after the registry; write HOST/NAME:TAG');
  if (/[A-Z]/u.test(text))
    throw fail(`its name must be lower case; write ${registry}/${text.toLowerCase().slice(0, 160)}`);
  for (const component of text.split('/')) {
    if (component === '')
      throw fail('its name holds an empty part; write one "/" between parts and none at the end');
    if (!PATH_COMPONENT.test(component)) {
      throw fail(
        `the part ${JSON.stringify(component.slice(0, 80))} of its name may hold lower-case letters and digits, separated by ".", "_", "__" or "-"`,
      );
    }
  }
  const repository = registry === 'docker.io' && !text.includes('/') ? `library/${text}` : text;
  if (registry.length + 1 + repository.length > MAX_NAME) {
    throw fail(`its registry and name have more than ${MAX_NAME} characters together; choose a shorter name`);
  }
  return repository;
}
