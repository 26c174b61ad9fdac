import type { Descriptor, Reference, RegistryClient } from '../oci/index.ts';
import { decompress, digestHex, TarScanner } from '../oci/index.ts';
import type { BuildCache } from './build-cache.ts';
import { isListOf, isString } from './json-shape.ts';

/** What the layers of a container build hold, as far as the configuration on top of them has to know. */
export interface CustomisationContents {
  /** Absolute paths of files and links that they write. */
  readonly written: readonly string[];
  /** Of these, empty files that a builder leaves where it mounts its own: an image must not have them (host-contract §5.2). */
  readonly leftovers: readonly string[];
}

const MOUNT_POINTS: ReadonlySet<string> = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);

/** Reads what layers hold, once on each machine. */
export async function readCustomisation(
  { registry, cache }: { readonly registry: RegistryClient; readonly cache: BuildCache },
  image: Reference,
  layers: readonly Descriptor[],
): Promise<CustomisationContents> {
  const contents = await Promise.all(layers.map((layer) => readLayer(registry, cache, image, layer)));
  return {
    written: [...new Set(contents.flatMap(({ written }) => written))],
    leftovers: [...new Set(contents.flatMap(({ leftovers }) => leftovers))],
  };
}

async function readLayer(
  registry: RegistryClient,
  cache: BuildCache,
  image: Reference,
  layer: Descriptor,
): Promise<CustomisationContents> {
  const key = `customisation-layer/v1/${digestHex(layer.digest)}`;
  const known = parse(cache.get(key));
  if (known !== undefined) return known;
  const written: string[] = [];
  const leftovers: string[] = [];
  const scanner = new TarScanner(({ path, type, size }) => {
    const name = `/${path}`;
    if (type === 'directory' || /(?:^|\/)\.wh\./.test(path)) return;
    if (type === 'file' && size === 0 && MOUNT_POINTS.has(name)) leftovers.push(name);
    else written.push(name);
  });
  for await (const chunk of decompress(registry.getBlob(image, layer), layer.mediaType)) scanner.push(chunk);
  scanner.end();
  const contents = { written, leftovers };
  cache.put(key, Buffer.from(JSON.stringify(contents)));
  return contents;
}

function parse(bytes: Uint8Array | undefined): CustomisationContents | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
    const { written, leftovers } = value;
    return isListOf(written, isString) && isListOf(leftovers, isString)
      ? { written: written as readonly string[], leftovers: leftovers as readonly string[] }
      : undefined;
  } catch {
    return undefined;
  }
}
