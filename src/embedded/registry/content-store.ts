import { mkdir, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestAlgorithm, digestHex } from '../../oci/index.ts';
import { moveDurably, writeDurably } from '../durable-file.ts';
import { isErrno } from '../errno.ts';

/**
 * Content on disk by digest, `blobs/sha256/ab/abcd…`. What is there is whole and right: it was verified and flushed
 * before it was given its name, and it never changes afterwards.
 */
export class ContentStore {
  /** For files that are not finished; emptied at each start. */
  readonly temporary: string;
  readonly #blobs: string;

  /** Takes a folder for its own; call {@link ContentStore.open} before anything else. */
  constructor(folder: string) {
    this.temporary = join(folder, 'temporary');
    this.#blobs = join(folder, 'blobs');
  }

  /** Makes the folders and removes what an earlier process left unfinished. */
  async open(): Promise<void> {
    await rm(this.temporary, { recursive: true, force: true });
    await mkdir(this.temporary, { recursive: true });
    await mkdir(this.#blobs, { recursive: true });
  }

  /** Bytes of the content, or undefined when it is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Opens the content for reading; undefined when it is not there. The caller closes it. */
  async read(digest: Digest): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(digest), 'r');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Takes in bytes whose digest was verified. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    if ((await this.size(digest)) === undefined)
      await writeDurably(this.#path(digest), bytes, this.temporary);
  }

  /** Takes in a flushed file below {@link ContentStore.temporary} whose digest was verified. */
  async adopt(digest: Digest, file: string): Promise<void> {
    if ((await this.size(digest)) === undefined) await moveDurably(file, this.#path(digest));
    else await rm(file, { force: true });
  }

  #path(digest: Digest): string {
    const hex = digestHex(digest);
    return join(this.#blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
  }
}
