import { type Digest, isDigest } from './digest.ts';
import { isIndexType, isManifestType, MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';

/** The largest manifest or index that is read, in bytes: registries commonly cap them at 4 MiB (host-contract §5.7). */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;
/** The largest image config that is read, in bytes. */
export const MAX_CONFIG_BYTES: number = 8 * 1024 * 1024;

/** The platform of one child of an index; names as Go has them (`amd64`, `arm64`, …). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/** Points at content by digest. Members that are not listed here are kept as they were read. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
  /** The content itself in base64, when it was embedded. */
  readonly data?: string;
}

/** An image manifest, OCI or Docker schema 2. Unknown members are kept. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An OCI index or a Docker manifest list. Unknown members are kept. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One step of an image's history. */
export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** The `config` member of an image config: how to run it. Only the labels matter here; the rest is kept. */
export interface ImageSettings {
  /** `NAME=VALUE`. */
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
}

/** An image config, OCI or Docker. Unknown members are kept (host-contract §5.5). */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly created?: string;
  readonly author?: string;
  readonly config?: ImageSettings;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
}

/** Which of the two kinds of manifest document the bytes hold. */
export type ImageDocument =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: ImageIndex };

/** More layers or children than this are refused: overlay storage stops at 127, real bases have about 70. */
const MAX_ENTRIES = 4096;

/**
 * Reads an image manifest or an index. `mediaType` is what the registry said it is; the document's own `mediaType`
 * member, when there, must agree, because two readers that disagree about the kind would run different images.
 * @throws {OciError} code `malformed`, `unsupported` or `too-large`
 */
export function parseDocument(bytes: Uint8Array, mediaType: string): ImageDocument {
  if (isManifestType(mediaType))
    return { kind: 'manifest', mediaType, manifest: parseManifest(bytes, mediaType) };
  if (isIndexType(mediaType)) return { kind: 'index', mediaType, index: parseImageIndex(bytes, mediaType) };
  throw new OciError(
    'unsupported',
    `cannot read manifest: its media type ${quote(mediaType)} is neither an OCI nor a Docker schema 2 image or index`,
  );
}

/**
 * Reads an image manifest.
 * @throws {OciError} code `malformed`, `unsupported` or `too-large`
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const document = readDocument('manifest', bytes, mediaType);
  if ('manifests' in document)
    throw malformed('manifest', '', 'has manifests and layers: two readers could disagree');
  return compact('manifest', document, {
    config: checkDescriptor('manifest', 'config', document['config']),
    layers: checkDescriptors('manifest', 'layers', document['layers']),
    subject: optional(document['subject'], (value) => checkDescriptor('manifest', 'subject', value)),
  }) as unknown as Manifest;
}

/**
 * Reads an OCI index or a Docker manifest list.
 * @throws {OciError} code `malformed`, `unsupported` or `too-large`
 */
export function parseImageIndex(bytes: Uint8Array, mediaType?: string): ImageIndex {
  const document = readDocument('index', bytes, mediaType);
  if ('layers' in document)
    throw malformed('index', '', 'has manifests and layers: two readers could disagree');
  return compact('index', document, {
    manifests: checkDescriptors('index', 'manifests', document['manifests']),
    subject: optional(document['subject'], (value) => checkDescriptor('index', 'subject', value)),
  }) as unknown as ImageIndex;
}

/**
 * Reads an image config.
 * @throws {OciError} code `malformed` or `too-large`
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const what = 'image config';
  const document = readJsonObject(what, bytes, MAX_CONFIG_BYTES);
  const rootfs = checkObject(what, 'rootfs', document['rootfs']);
  if (rootfs['type'] !== 'layers') throw malformed(what, 'rootfs.type', 'is not "layers"');
  for (const [at, value] of checkArray(what, 'rootfs.diff_ids', rootfs['diff_ids']).entries()) {
    if (typeof value !== 'string' || !isDigest(value))
      throw malformed(what, `rootfs.diff_ids[${at}]`, 'is not a digest');
  }
  checkStrings(what, '', document, ['architecture', 'os']);
  checkOptionalStrings(what, '', document, ['variant', 'created', 'author']);
  return dropNulls(document, {
    config: optional(document['config'], (value) => {
      const settings = checkObject(what, 'config', value);
      return dropNulls(settings, {
        Labels: optional(settings['Labels'], (labels) => checkStringMap(what, 'config.Labels', labels)),
      });
    }),
    history: optional(document['history'], (value) =>
      checkArray(what, 'history', value).map((entry, at) => checkHistory(what, `history[${at}]`, entry)),
    ),
    variant: document['variant'],
    created: document['created'],
    author: document['author'],
  }) as unknown as ImageConfig;
}

/**
 * Decodes UTF-8 JSON whose top level is an object, refusing more than `limit` bytes.
 * `what` names the document in the message.
 * @throws {OciError} code `malformed` or `too-large`
 */
export function readJsonObject(what: string, bytes: Uint8Array, limit: number): Record<string, unknown> {
  if (bytes.length > limit) {
    throw new OciError(
      'too-large',
      `cannot read ${what}: it has ${bytes.length} bytes, more than the ${limit} allowed`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OciError('malformed', `cannot read ${what}: it is not JSON in UTF-8`, { cause });
  }
  return checkObject(what, '', value);
}

function readDocument(
  what: 'manifest' | 'index',
  bytes: Uint8Array,
  mediaType?: string,
): Record<string, unknown> {
  const document = readJsonObject(what, bytes, MAX_MANIFEST_BYTES);
  if (document['schemaVersion'] === 1) {
    throw new OciError(
      'unsupported',
      `cannot read ${what}: Docker schema 1 images are too old; push the image again with a current tool`,
    );
  }
  if (document['schemaVersion'] !== 2) throw malformed(what, 'schemaVersion', 'is not 2');
  const own = document['mediaType'];
  if (own !== undefined && own !== null) {
    const expected = what === 'manifest' ? isManifestType : isIndexType;
    if (typeof own !== 'string' || !expected(own)) {
      throw malformed(
        what,
        'mediaType',
        `is ${quote(own)}, not ${what === 'manifest' ? 'an image manifest' : 'an index'} type`,
      );
    }
    if (mediaType !== undefined && own !== mediaType) {
      throw malformed(what, 'mediaType', `is ${quote(own)}, but the registry said ${quote(mediaType)}`);
    }
  } else if (mediaType === MediaType.dockerManifest || mediaType === MediaType.dockerManifestList) {
    throw malformed(what, 'mediaType', `is missing, but the registry said ${quote(mediaType)}`);
  }
  return document;
}

function compact(
  what: string,
  document: Record<string, unknown>,
  checked: Record<string, unknown>,
): Record<string, unknown> {
  checkOptionalStrings(what, '', document, ['artifactType']);
  return dropNulls(document, {
    ...checked,
    mediaType: document['mediaType'],
    artifactType: document['artifactType'],
    annotations: optional(document['annotations'], (value) => checkStringMap(what, 'annotations', value)),
  });
}

function checkDescriptors(what: string, at: string, value: unknown): readonly Record<string, unknown>[] {
  return checkArray(what, at, value).map((entry, index) => checkDescriptor(what, `${at}[${index}]`, entry));
}

function checkDescriptor(what: string, at: string, value: unknown): Record<string, unknown> {
  const descriptor = checkObject(what, at, value);
  const { digest, size } = descriptor;
  checkStrings(what, `${at}.`, descriptor, ['mediaType']);
  if (typeof digest !== 'string' || !isDigest(digest))
    throw malformed(what, `${at}.digest`, 'is not a sha256 or sha512 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(what, `${at}.size`, 'is not a whole number of bytes');
  }
  checkOptionalStrings(what, `${at}.`, descriptor, ['artifactType', 'data']);
  return dropNulls(descriptor, {
    artifactType: descriptor['artifactType'],
    data: descriptor['data'],
    annotations: optional(descriptor['annotations'], (map) => checkStringMap(what, `${at}.annotations`, map)),
    urls: optional(descriptor['urls'], (urls) => checkStringList(what, `${at}.urls`, urls)),
    platform: optional(descriptor['platform'], (platform) => checkPlatform(what, `${at}.platform`, platform)),
  });
}

function checkPlatform(what: string, at: string, value: unknown): Record<string, unknown> {
  const platform = checkObject(what, at, value);
  checkStrings(what, `${at}.`, platform, ['architecture', 'os']);
  checkOptionalStrings(what, `${at}.`, platform, ['variant', 'os.version']);
  return dropNulls(platform, {
    variant: platform['variant'],
    'os.version': platform['os.version'],
    'os.features': optional(platform['os.features'], (list) =>
      checkStringList(what, `${at}["os.features"]`, list),
    ),
  });
}

function checkHistory(what: string, at: string, value: unknown): Record<string, unknown> {
  const entry = checkObject(what, at, value);
  const texts = ['created', 'created_by', 'author', 'comment'] as const;
  checkOptionalStrings(what, `${at}.`, entry, texts);
  const empty = entry['empty_layer'] ?? undefined;
  if (empty !== undefined && typeof empty !== 'boolean')
    throw malformed(what, `${at}.empty_layer`, 'is not true or false');
  return dropNulls(entry, {
    empty_layer: empty,
    ...Object.fromEntries(texts.map((key) => [key, entry[key]])),
  });
}

/**
 * A copy of `object` with the members of `checked` in place of its own; members of `checked` that are null or absent
 * are left out. Go writers spell an unset map or list as null, which means the same as leaving it out.
 */
function dropNulls(
  object: Record<string, unknown>,
  checked: Record<string, unknown>,
): Record<string, unknown> {
  const copy = { ...object };
  for (const [key, value] of Object.entries(checked)) {
    if (value === undefined || value === null) delete copy[key];
    else copy[key] = value;
  }
  return copy;
}

function optional<T>(value: unknown, check: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : check(value);
}

function checkObject(what: string, at: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(what, at, 'is not an object');
  return value as Record<string, unknown>;
}

function checkArray(what: string, at: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, at, 'is not a list');
  if (value.length > MAX_ENTRIES) throw malformed(what, at, `has more than ${MAX_ENTRIES} entries`);
  return value as readonly unknown[];
}

function checkStringList(what: string, at: string, value: unknown): readonly string[] {
  return checkArray(what, at, value).map((entry, index) => {
    if (typeof entry !== 'string') throw malformed(what, `${at}[${index}]`, 'is not a string');
    return entry;
  });
}

function checkStringMap(what: string, at: string, value: unknown): Record<string, unknown> {
  const map = checkObject(what, at, value);
  checkStrings(what, `${at}.`, map, Object.keys(map));
  return map;
}

function checkStrings(
  what: string,
  at: string,
  object: Record<string, unknown>,
  keys: readonly string[],
): void {
  for (const key of keys) {
    if (typeof object[key] !== 'string') throw malformed(what, `${at}${key}`, 'is not a string');
  }
}

function checkOptionalStrings(
  what: string,
  at: string,
  object: Record<string, unknown>,
  keys: readonly string[],
): void {
  checkStrings(
    what,
    at,
    object,
    keys.filter((key) => object[key] !== undefined && object[key] !== null),
  );
}

function malformed(what: string, at: string, reason: string): OciError {
  return new OciError('malformed', `cannot read ${what}: ${at === '' ? 'it' : at} ${reason}`);
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 120);
}
