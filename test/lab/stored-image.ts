import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly created?: string;
  readonly config?: { readonly Labels?: Readonly<Record<string, string>> };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
}

/** One image, wherever it lies: its documents and a way to its blobs. Nothing is verified here; the tests do that. */
export interface StoredImage {
  readonly digest: string;
  readonly manifest: Manifest;
  /** In bytes, as it is stored. */
  readonly manifestSize: number;
  readonly config: ImageConfig;
  blob(digest: string): Promise<AsyncIterable<Uint8Array>>;
}

/** The only image of an OCI layout. */
export async function imageFromLayout(layout: string): Promise<StoredImage> {
  const file = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'));
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    readonly manifests: readonly Descriptor[];
  };
  const entry = index.manifests[0];
  if (entry === undefined || index.manifests.length > 1) {
    throw new Error(`cannot choose an image in ${layout}: it holds ${index.manifests.length}`);
  }
  const manifest = JSON.parse(await readFile(file(entry.digest), 'utf8')) as Manifest;
  const config = JSON.parse(await readFile(file(manifest.config.digest), 'utf8')) as ImageConfig;
  return {
    digest: entry.digest,
    manifest,
    manifestSize: entry.size,
    config,
    blob: (digest) => Promise.resolve(createReadStream(file(digest), { highWaterMark: 1 << 20 })),
  };
}

const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** An image of a plain-HTTP registry, named `HOST:PORT/repository:tag` or `…@digest`. */
export async function imageFromRegistry(reference: string): Promise<StoredImage> {
  const parts = /^(?<host>[^/]+)\/(?<repository>[^:@]+)(?::(?<tag>[^@]+))?(?:@(?<digest>.+))?$/.exec(
    reference,
  );
  const { host, repository, tag, digest } = parts?.groups ?? {};
  if (host === undefined || repository === undefined) throw new Error(`cannot read reference ${reference}`);
  async function get(path: string, accept = '*/*'): Promise<Response> {
    const response = await fetch(`http://${host}/v2/${repository}/${path}`, { headers: { accept } });
    if (!response.ok) throw new Error(`cannot get ${path} of ${reference}: status ${response.status}`);
    return response;
  }
  const answer = await get(`manifests/${digest ?? tag ?? 'latest'}`, ACCEPT);
  const text = await answer.text();
  const manifest = JSON.parse(text) as Manifest;
  const config = (await (await get(`blobs/${manifest.config.digest}`)).json()) as ImageConfig;
  return {
    digest: digest ?? answer.headers.get('docker-content-digest') ?? '',
    manifest,
    manifestSize: Buffer.byteLength(text),
    config,
    async blob(blobDigest) {
      const { body } = await get(`blobs/${blobDigest}`);
      if (body === null) throw new Error(`cannot get blob ${blobDigest} of ${reference}: no body`);
      return body;
    },
  };
}
