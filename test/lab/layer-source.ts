import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { HostImage, ImageLayer, ImageSource } from '../../src/host/index.ts';
import { ImageSourceError } from '../../src/host/index.ts';
import { run } from './run.ts';

/** Images of layers made by the real tar, with what was fetched of them, and faults on demand. */
export class LayerSource implements ImageSource {
  readonly fetched: string[] = [];
  /** Serves other bytes than the digest's. */
  tampering = false;
  /** Ends each layer in its midst, as a registry that is gone. */
  failing = false;
  readonly #folder: string;
  readonly #layers = new Map<string, Buffer>();
  readonly #images = new Map<string, HostImage>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A layer of a folder's content, as gzip. */
  async addLayer(folder: string): Promise<ImageLayer> {
    await mkdir(this.#folder, { recursive: true });
    const file = join(this.#folder, `layer-${this.#layers.size}.tar.gz`);
    await run('tar', [
      '--create',
      '--gzip',
      '--sort=name',
      '--mtime=@0',
      `--file=${file}`,
      `--directory=${folder}`,
      '.',
    ]);
    return this.#add(await readFile(file));
  }

  #add(bytes: Buffer): ImageLayer {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    this.#layers.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  /** A layer without any entry, which is a valid one. */
  addEmptyLayer(): ImageLayer {
    return this.#add(gzipSync(Buffer.alloc(10_240)));
  }

  /** A layer of these files. */
  async addFiles(files: Readonly<Record<string, string>>): Promise<ImageLayer> {
    const folder = join(this.#folder, `files-${this.#layers.size}`);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return this.addLayer(folder);
  }

  /** An image of layers; answers its reference by digest. */
  addImage(layers: readonly ImageLayer[], labels: Readonly<Record<string, string>> = {}): string {
    const text = JSON.stringify({ layers, labels });
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const reference = `registry.example.net/os/lab@${digest}`;
    const architecture = 'amd64';
    const config = JSON.stringify({ architecture, os: 'linux', config: { Labels: labels } });
    this.#images.set(reference, { digest, layers, labels, architecture, config });
    return reference;
  }

  async resolve(reference: string): Promise<HostImage> {
    const image = this.#images.get(reference);
    if (image !== undefined) return image;
    throw new ImageSourceError('not-found', `cannot find ${reference}: manifest unknown`);
  }

  async *layer(_reference: string, { digest }: ImageLayer): AsyncGenerator<Uint8Array> {
    this.fetched.push(digest);
    const bytes = this.#layers.get(digest) ?? Buffer.alloc(0);
    if (this.failing) {
      yield bytes.subarray(0, bytes.length / 2);
      throw new ImageSourceError('network', 'connection reset by peer');
    }
    yield bytes;
    // Bytes after the archive's end harm no archive: only the digest tells.
    if (this.tampering) yield Buffer.alloc(16);
  }
}
