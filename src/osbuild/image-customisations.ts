import type { Digest, Reference } from '../oci/index.ts';
import {
  digestHex,
  MAX_CONFIG_BYTES,
  OciError,
  parseDocument,
  parseImageConfig,
  withDigest,
} from '../oci/index.ts';
import { isBlobUnknown } from './base-catalog.ts';
import type { BuildHost } from './build-host.ts';
import { Label } from './image-labels.ts';
import { isListOf, isString } from './json-shape.ts';

/** An index of indexes is none of ours. */
const DEEPEST = 1;

/**
 * The keys of the customisations that an image stands on, as its labels say: one for each architecture at the most; none for what
 * is no image, or not there. What a digest names never changes, so that each is read once.
 *
 * @throws OciError for a registry that does not answer
 */
export async function customisationsOf(
  host: BuildHost,
  image: Reference & { readonly digest: Digest },
): Promise<readonly string[]> {
  const entry = `customisations/v1/${digestHex(image.digest)}`;
  const known = parse(host.cache.get(entry));
  if (known !== undefined) return known;
  const found = await read(host, image, 0);
  if (found === undefined) return [];
  const keys = [...new Set(found)].sort();
  host.cache.put(entry, Buffer.from(JSON.stringify(keys)));
  return keys;
}

/** Undefined where it is not there, which it may be one day. */
async function read(
  host: BuildHost,
  image: Reference,
  depth: number,
): Promise<readonly string[] | undefined> {
  try {
    const document = await host.registry.getManifest(image);
    if (document === undefined) return undefined;
    const parsed = parseDocument(document.bytes, document.mediaType);
    if (parsed.kind === 'manifest') {
      const bytes = await host.registry.getBlobBytes(image, parsed.manifest.config, MAX_CONFIG_BYTES);
      const key = parseImageConfig(bytes).config?.Labels?.[Label.customisation];
      return key === undefined ? [] : [key];
    }
    if (depth >= DEEPEST) return [];
    const keys: string[] = [];
    for (const { digest } of parsed.index.manifests)
      keys.push(...((await read(host, withDigest(image, digest), depth + 1)) ?? []));
    return keys;
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    if (isBlobUnknown(error)) return undefined;
    // An artifact, or what nobody can read: nothing that stands on what a container build has made.
    if (error.code === 'malformed' || error.code === 'unsupported' || error.code === 'too-large') return [];
    throw error;
  }
}

function parse(bytes: Uint8Array | undefined): readonly string[] | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isListOf(value, isString) ? (value as readonly string[]) : undefined;
  } catch {
    return undefined;
  }
}
