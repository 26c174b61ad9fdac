import { describeType, formatField } from '../api/index.ts';
import type { JsonObject } from '../schema/index.ts';
import { isJsonObject } from '../schema/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** A Secret of the API, as far as it matters here. */
export interface RegistrySecret {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly type?: string;
  /** In base64. */
  readonly data?: Readonly<Record<string, string>> | null;
}

/** The key that a secret of each type has its document under. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson'],
  ['kubernetes.io/dockercfg', '.dockercfg'],
]);

/** The members of one registry's entry. */
const ENTRY_MEMBERS: ReadonlySet<string> = new Set([
  'auth',
  'email',
  'identitytoken',
  'password',
  'username',
]);
/** Members beside `auths`: programs of the machine that the file was written on, nothing that a build could call. */
const IGNORED: ReadonlySet<string> = new Set(['credHelpers', 'credsStore']);
const MAX_BYTES = 1024 * 1024;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Characters of a name in a message. */
const MAX_SHOWN = 100;

/**
 * The credentials of a pull or push secret in the one form that tools read, the JSON of `.dockerconfigjson`: an object with
 * `auths` (contract §4.4). Accepts secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`; what
 * their key holds may be in either form, with `auths` or the older bare map of registries.
 *
 * @throws OsBuildError `invalid-secret` that names the secret, the key and the member at fault, never a value
 */
export function registryCredentials(secret: RegistrySecret): string {
  const key = keyOf(secret);
  const document = readDocument(secret, key);
  const isBare = !Object.hasOwn(document, 'auths');
  if (!isBare) refuseUnknown(secret, key, document);
  const auths = isBare ? document : document['auths'];
  if (!isJsonObject(auths)) throw refuse(secret, key, ['auths'], mustBe('an object', auths));
  const entries = Object.entries(auths).filter(([registry]) => !isBare || !IGNORED.has(registry));
  for (const [registry, entry] of entries) {
    checkEntry(secret, key, isBare ? [registry] : ['auths', registry], entry);
  }
  return JSON.stringify({ auths: Object.fromEntries(entries) });
}

function refuseUnknown(secret: RegistrySecret, key: string, document: JsonObject): void {
  const unknown = Object.keys(document).find((name) => name !== 'auths' && !IGNORED.has(name));
  if (unknown === undefined) return;
  const known = ['auths', ...IGNORED].join(', ');
  throw refuse(secret, key, [unknown], `is not known; the document has ${known}`);
}

function checkEntry(secret: RegistrySecret, key: string, path: readonly string[], entry: unknown): void {
  if (!isJsonObject(entry)) throw refuse(secret, key, path, mustBe('an object', entry));
  for (const [name, value] of Object.entries(entry)) {
    if (!ENTRY_MEMBERS.has(name)) {
      const known = [...ENTRY_MEMBERS].join(', ');
      throw refuse(secret, key, [...path, name], `is not known; a registry's entry has ${known}`);
    }
    if (typeof value !== 'string') throw refuse(secret, key, [...path, name], mustBe('a string', value));
  }
}

function readDocument(secret: RegistrySecret, key: string): JsonObject {
  const bytes = Buffer.from(secret.data?.[key] ?? '', 'base64');
  if (bytes.length > MAX_BYTES) throw refuse(secret, key, [], `has more than ${MAX_BYTES} bytes`);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Without the cause: it quotes the text around the fault, which may be a password.
    throw refuse(secret, key, [], 'is not JSON in UTF-8');
  }
  if (!isJsonObject(document)) throw refuse(secret, key, [], mustBe('a JSON object', document));
  return document;
}

function keyOf(secret: RegistrySecret): string {
  const { type = '', data } = secret;
  const types = [...KEYS.keys()].join(' or ');
  const key = KEYS.get(type);
  if (type === '') throw refuseField(secret, 'type', `missing; must be ${types}`);
  if (key === undefined)
    throw refuseField(secret, 'type', `must be ${types}, is ${JSON.stringify(clip(type))}`);
  const has = (name: string): boolean => data !== undefined && data !== null && Object.hasOwn(data, name);
  const other = [...KEYS.values()].find((name) => name !== key && has(name));
  if (!has(key)) {
    const instead = other === undefined ? '' : `; it has ${other}, which is for another type`;
    throw refuseField(secret, 'data', `has no key ${key}, which the type ${type} needs${instead}`);
  }
  if (other !== undefined) throw refuseField(secret, 'data', `has both ${key} and ${other}; remove ${other}`);
  const value = data?.[key] ?? '';
  if (value === '') throw refuse(secret, key, [], 'is empty');
  if (!BASE64.test(value)) throw refuse(secret, key, [], 'is not base64');
  return key;
}

/** `data[".dockerconfigjson"]: auths["registry.example.com"].auth: …`: the secret's key, the place in its JSON. */
function refuse(secret: RegistrySecret, key: string, path: readonly string[], reason: string): OsBuildError {
  const place = path.length === 0 ? '' : `${formatField(path.map(clip))}: `;
  return refuseField(secret, formatField(['data', key]), place + reason);
}

function refuseField({ metadata }: RegistrySecret, field: string, reason: string): OsBuildError {
  const where = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return new OsBuildError(
    'invalid-secret',
    `cannot use secret ${JSON.stringify(where)}: ${field}: ${reason}`,
    {
      field,
    },
  );
}

function mustBe(expected: string, value: unknown): string {
  return `must be ${expected}, is ${describeType(value)}`;
}

function clip(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
