import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** One layer with all directories and this many with everything else: chunked operating system images have 50 to 70. */
const CHUNKS = 50;

/** A fixed time: what a base holds depends on Debian's packages, not on when it was made. */
const EPOCH = 1_700_000_000;

interface Found {
  readonly path: string;
  readonly directory: boolean;
  /** Device and inode of a file with several names; undefined for anything else. */
  readonly inode: string | undefined;
  readonly size: number;
}

interface LayerMade {
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

/** Packs the tree at `root` into an OCI layout at `layout` whose one image is tagged `latest`. Needs GNU tar and room for the blobs. */
export async function makeLayout(
  root: string,
  layout: string,
  about: { readonly architecture: string; readonly kernel: string; readonly version: string },
): Promise<void> {
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const lists = assign(await walk(root));
  const layers: LayerMade[] = [];
  const waiting = [...lists.entries()];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      layers[next[0]] = await packLayer(root, next[1], blobs, next[0]);
    }
  }
  await Promise.all([work(), work()]);

  const created = new Date(EPOCH * 1000).toISOString();
  const config = await putJson(blobs, {
    architecture: about.architecture,
    os: 'linux',
    created,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/sbin/init'],
      Labels: {
        'containers.bootc': '1',
        'org.opencontainers.image.version': about.version,
        'ostree.bootable': 'true',
        'ostree.linux': about.kernel,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((_, n) => ({ created, created_by: n === 0 ? 'directories' : `chunk ${n}` })),
  });
  const manifest = await putJson(blobs, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: layers.map(({ digest, size }, n) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
      annotations: { 'ostree.components': n === 0 ? 'directories' : `chunk-${n}` },
    })),
  });
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...manifest,
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  };
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

async function walk(root: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  async function visit(folder: string): Promise<void> {
    for (const name of (await readdir(join(root, folder))).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const info = await lstat(join(root, path));
      const inode = info.nlink > 1 && info.isFile() ? `${info.dev}:${info.ino}` : undefined;
      found.push({ path, directory: info.isDirectory(), inode, size: info.isFile() ? info.size : 0 });
      if (info.isDirectory()) await visit(path);
    }
  }
  await visit('');
  return found;
}

/** Directories first; then runs of the sorted paths of about equal size. A file's further names follow its first one. */
function assign(found: readonly Found[]): readonly (readonly string[])[] {
  const layers: string[][] = Array.from({ length: CHUNKS + 1 }, () => []);
  const layerOf = new Map<string, string[]>();
  const weight = ({ size }: Found): number => size + 1024;
  const files = found.filter((one) => !one.directory);
  layers[0] = found.filter((one) => one.directory).map((one) => one.path);
  let left = files.reduce((sum, one) => sum + weight(one), 0);
  let layer = 1;
  let filled = 0;
  for (const [n, one] of files.entries()) {
    // Full once it holds its share of what is left; and every later layer must still get an entry.
    const full = filled >= left / (CHUNKS + 1 - layer) || files.length - n <= CHUNKS - layer;
    if (layer < CHUNKS && full && layers[layer]!.length > 0) {
      left -= filled;
      filled = 0;
      layer += 1;
    }
    const into = (one.inode === undefined ? undefined : layerOf.get(one.inode)) ?? layers[layer]!;
    into.push(one.path);
    if (one.inode !== undefined) layerOf.set(one.inode, into);
    filled += weight(one);
  }
  return layers;
}

/** Counts and hashes what flows through. */
class Meter extends Transform {
  readonly #hash = createHash('sha256');
  size = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

async function packLayer(
  root: string,
  paths: readonly string[],
  blobs: string,
  index: number,
): Promise<LayerMade> {
  const tar = spawn(
    'tar',
    [
      ['--create', '--directory', root, '--format=pax', '--no-recursion', '--numeric-owner'],
      ['--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime', `--mtime=@${EPOCH}`],
      ['--xattrs', '--xattrs-include=*', '--null', '--verbatim-files-from', '--files-from=-'],
    ].flat(),
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let complaints = '';
  tar.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(0, 1000)));
  const closed = once(tar, 'close');
  tar.stdin.end(paths.map((path) => `${path}\0`).join(''));
  const plain = new Meter();
  const packed = new Meter();
  const draft = join(blobs, `layer-${index}`);
  await pipeline(tar.stdout, plain, createGzip({ level: 6 }), packed, createWriteStream(draft));
  const [status] = (await closed) as [number];
  if (status !== 0)
    throw new Error(`cannot pack layer ${index}: tar ended with status ${status}\n${complaints}`);
  const digest = packed.digest();
  await rename(draft, join(blobs, digest.slice('sha256:'.length)));
  return { digest, size: packed.size, diffId: plain.digest() };
}

async function putJson(blobs: string, value: unknown): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, hex), bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}
