import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Descriptor, type Digest, digestAlgorithm, digestHex, parseDigest } from '../../oci/index.ts';
import { syncFolder, writeDurably } from '../durable-file.ts';
import { isErrno } from '../errno.ts';
import { isTag } from './repository-name.ts';

/**
 * What the repositories hold: `repositories/<name>/_blobs`, `_manifests`, `_tags` and `_referrers`, each a folder of
 * small files that refer to content by digest. Names and tags must have passed their grammar.
 */
export class RepositoryStore {
  readonly #root: string;
  readonly #temporary: string;

  constructor(folder: string, temporary: string) {
    this.#root = join(folder, 'repositories');
    this.#temporary = temporary;
  }

  /** Tells whether anything was ever put into the repository. */
  async exists(name: string): Promise<boolean> {
    return (
      (await isThere(join(this.#root, name, BLOBS))) || (await isThere(join(this.#root, name, MANIFESTS)))
    );
  }

  async hasBlob(name: string, digest: Digest): Promise<boolean> {
    return isThere(this.#path(name, BLOBS, digest));
  }

  /** Lets the repository show content as a blob. Flushed by the manifest that refers to it. */
  async linkBlob(name: string, digest: Digest): Promise<void> {
    const path = this.#path(name, BLOBS, digest);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  }

  /** Returns false when the repository did not have the blob. The content itself stays. */
  async unlinkBlob(name: string, digest: Digest): Promise<boolean> {
    return remove(this.#path(name, BLOBS, digest));
  }

  /** The media type of a manifest, or undefined when the repository does not have it. */
  async manifestType(name: string, digest: Digest): Promise<string | undefined> {
    return readText(this.#path(name, MANIFESTS, digest));
  }

  async linkManifest(name: string, digest: Digest, mediaType: string): Promise<void> {
    await this.#syncBlobs(name);
    await writeDurably(this.#path(name, MANIFESTS, digest), Buffer.from(mediaType), this.#temporary);
  }

  async unlinkManifest(name: string, digest: Digest): Promise<boolean> {
    return remove(this.#path(name, MANIFESTS, digest));
  }

  async readTag(name: string, tag: string): Promise<Digest | undefined> {
    const text = await readText(join(this.#root, name, TAGS, tag));
    return text === undefined ? undefined : parseDigest(text);
  }

  async writeTag(name: string, tag: string, digest: Digest): Promise<void> {
    await writeDurably(join(this.#root, name, TAGS, tag), Buffer.from(digest), this.#temporary);
  }

  async deleteTag(name: string, tag: string): Promise<boolean> {
    return remove(join(this.#root, name, TAGS, tag));
  }

  /** The tags in byte order. */
  async tags(name: string): Promise<readonly string[]> {
    return (await list(join(this.#root, name, TAGS))).filter(isTag).sort();
  }

  /** Records that a manifest refers to `subject`, which need not be there. */
  async addReferrer(name: string, subject: Digest, referrer: Descriptor): Promise<void> {
    const path = this.#referrerPath(name, subject, referrer.digest);
    await writeDurably(path, Buffer.from(JSON.stringify(referrer)), this.#temporary);
  }

  async removeReferrer(name: string, subject: Digest, referrer: Digest): Promise<void> {
    await remove(this.#referrerPath(name, subject, referrer));
  }

  /** Descriptors of the manifests that refer to `subject`, in the order of their digests. */
  async referrers(name: string, subject: Digest): Promise<readonly Descriptor[]> {
    const folder = this.#path(name, REFERRERS, subject);
    const files = (await list(folder)).sort();
    const texts = await Promise.all(files.map((file) => readText(join(folder, file))));
    return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as Descriptor]));
  }

  /** The names of all repositories that hold manifests, in byte order. */
  async repositories(): Promise<readonly string[]> {
    const names: string[] = [];
    const pending = [''];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      for (const child of await list(join(this.#root, name))) {
        if (child === MANIFESTS) names.push(name);
        else if (!child.startsWith('_')) pending.push(name === '' ? child : `${name}/${child}`);
      }
    }
    return names.sort();
  }

  #path(name: string, kind: string, digest: Digest): string {
    return join(this.#root, name, kind, digestAlgorithm(digest), digestHex(digest));
  }

  #referrerPath(name: string, subject: Digest, referrer: Digest): string {
    return join(this.#path(name, REFERRERS, subject), `${digestAlgorithm(referrer)}-${digestHex(referrer)}`);
  }

  /** Blob links are many and empty; one flush of their folders, before a manifest counts on them, saves all of them. */
  async #syncBlobs(name: string): Promise<void> {
    const blobs = join(this.#root, name, BLOBS);
    const folders = [join(blobs, 'sha256'), join(blobs, 'sha512'), blobs];
    for (let folder = dirname(blobs); folder.length >= this.#root.length; folder = dirname(folder))
      folders.push(folder);
    for (const folder of folders) await syncFolder(folder);
  }
}

const BLOBS = '_blobs';
const MANIFESTS = '_manifests';
const TAGS = '_tags';
const REFERRERS = '_referrers';

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return absent(error, false);
  }
}

async function remove(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (error) {
    return absent(error, false);
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return absent(error, undefined);
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    return absent(error, []);
  }
}

function absent<T>(error: unknown, otherwise: T): T {
  if (isErrno(error, 'ENOENT', 'ENOTDIR')) return otherwise;
  throw error;
}
