import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  decompress,
  type Descriptor,
  type Digest,
  mediaFamilyOf,
  MediaType,
  parseDigest,
  type Reference,
  type RegistryClient,
  type TarHeader,
  TarScanner,
} from '../oci/index.ts';
import { TarFilter } from './tar-filter.ts';

/** A layer as an image names it. */
export interface NamedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** Whole, with what is below: of a running system, or of package managers, which fetch it again. */
const DROPPED =
  /^(?:run|tmp|var\/tmp|var\/lib\/apt\/lists|var\/lib\/dnf)\/.|^var\/cache\/(?:apt|dnf|ldconfig|libdnf5|yum)(?:\/|$)/;
/** Files only: packages own folders of logs, and what a package manager kept of a file before it. */
const DROPPED_FILES = /^var\/log\/|^var\/(?:cache\/debconf|lib\/dpkg)\/[^/]*-old$/;

/**
 * Whether a container build leaves something behind that is no part of what it was asked for: caches, logs, and what is in folders
 * that a machine empties at every boot. What is deleted stays so.
 */
export function isLeftover({ path, type }: Pick<TarHeader, 'path' | 'type'>): boolean {
  if (/(?:^|\/)\.wh\./.test(path)) return false;
  return DROPPED.test(path) || (type !== 'directory' && DROPPED_FILES.test(path));
}

/**
 * A layer of a container build without what is left over in it, which is in the registry beside it then; the same one where nothing
 * is.
 */
export async function withoutLeftovers(
  registry: RegistryClient,
  image: Reference,
  layer: NamedLayer,
  signal: AbortSignal,
): Promise<NamedLayer> {
  const { descriptor } = layer;
  const dropped = new Set<string>();
  const linked = new Set<string>();
  const scanner = new TarScanner((header) => {
    if (isLeftover(header)) dropped.add(header.path);
    else if (header.type === 'hardlink' && header.target !== undefined) linked.add(header.target);
  });
  const read = (): AsyncGenerator<Uint8Array, void, undefined> =>
    decompress(registry.getBlob(image, descriptor, signal), descriptor.mediaType);
  for await (const chunk of read()) scanner.push(chunk);
  scanner.end();
  // What stays may be another name of it.
  for (const path of linked) dropped.delete(path);
  if (dropped.size === 0) return layer;
  const folder = await mkdtemp(join(tmpdir(), 'varve-layer-'));
  try {
    const file = join(folder, 'layer');
    const filtered = await writeFiltered(read(), ({ path }) => !dropped.has(path), file, signal);
    const isDocker = mediaFamilyOf(descriptor.mediaType) === 'docker';
    const made = {
      mediaType: isDocker ? MediaType.dockerLayerGzip : MediaType.ociLayerGzip,
      digest: filtered.digest,
      size: filtered.size,
    };
    await registry.putBlob(image, made, () => createReadStream(file), signal);
    return { descriptor: made, diffId: filtered.diffId };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFiltered(
  archive: AsyncIterable<Uint8Array>,
  isKept: (header: TarHeader) => boolean,
  file: string,
  signal: AbortSignal,
): Promise<{ readonly digest: Digest; readonly diffId: Digest; readonly size: number }> {
  const filter = new TarFilter(isKept);
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  let size = 0;
  async function* kept(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of archive) {
      for (const part of filter.push(chunk)) {
        plain.update(part);
        yield part;
      }
    }
    for (const part of filter.end()) {
      plain.update(part);
      yield part;
    }
  }
  await pipeline(
    Readable.from(kept(), { objectMode: false }),
    createGzip({ level: 6 }),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const part of source) {
        packed.update(part);
        size += part.length;
        yield part;
      }
    },
    createWriteStream(file),
    { signal },
  );
  const named = (sum: string): Digest => parseDigest(`sha256:${sum}`);
  return { digest: named(packed.digest('hex')), diffId: named(plain.digest('hex')), size };
}
