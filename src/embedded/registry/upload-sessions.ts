import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestAlgorithm, type RunningDigest, startDigest } from '../../oci/index.ts';
import type { ContentStore } from './content-store.ts';
import { EmbeddedError } from '../embedded-error.ts';

/** An upload that was begun and not finished. Sessions end with the process; clients then begin again. */
export interface UploadSession {
  readonly id: string;
  readonly repository: string;
  /** Bytes received so far. */
  readonly size: number;
}

/** What the sessions need from outside, so that tests can choose it. */
export interface UploadSessionsOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly makeId: () => string;
}

/**
 * The uploads under way. Their bytes lie in the store's temporary folder, hashed as they arrive, and become content
 * only when the digest is right.
 */
export class UploadSessions {
  readonly #content: ContentStore;
  readonly #options: UploadSessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(content: ContentStore, options: UploadSessionsOptions) {
    this.#content = content;
    this.#options = options;
  }

  /**
   * Begins an upload.
   * @throws {EmbeddedError} code `TOOMANYREQUESTS`
   */
  async begin(repository: string): Promise<UploadSession> {
    await this.#forgetIdle();
    if (this.#sessions.size >= MAX_SESSIONS) {
      throw new EmbeddedError(
        'TOOMANYREQUESTS',
        `cannot begin upload: ${MAX_SESSIONS} uploads are under way`,
      );
    }
    const id = this.#options.makeId();
    const path = join(this.#content.temporary, id);
    const session: Session = {
      id,
      repository,
      path,
      size: 0,
      digest: startDigest('sha256'),
      busy: false,
      touched: this.#options.now(),
    };
    this.#sessions.set(id, session);
    return session;
  }

  /**
   * The session of that id, which belongs to one repository.
   * @throws {EmbeddedError} code `BLOB_UPLOAD_UNKNOWN`
   */
  find(repository: string, id: string): UploadSession {
    return this.#find(repository, id);
  }

  /**
   * Appends what `source` yields. When the source fails, as when the client goes away, the bytes received stay and
   * the upload can go on; when the disk fails, the session is cancelled.
   * @throws {EmbeddedError} code `BLOB_UPLOAD_UNKNOWN` or `BLOB_UPLOAD_INVALID`
   */
  async append({ repository, id }: UploadSession, source: AsyncIterable<Uint8Array>): Promise<void> {
    const session = this.#claim(repository, id);
    try {
      const file = await open(session.path, 'a').catch((error: unknown) => this.#giveUp(session, error));
      try {
        for await (const chunk of source) {
          await file.appendFile(chunk).catch((error: unknown) => this.#giveUp(session, error));
          session.digest.update(chunk);
          session.size += chunk.length;
          session.touched = this.#options.now();
        }
      } finally {
        await file.close();
      }
    } finally {
      session.busy = false;
    }
  }

  /**
   * Ends the upload: the content is taken in when it has that digest, and thrown away when not.
   * @throws {EmbeddedError} code `BLOB_UPLOAD_UNKNOWN`, `BLOB_UPLOAD_INVALID` or `DIGEST_INVALID`
   */
  async finish({ repository, id }: UploadSession, digest: Digest): Promise<void> {
    const session = this.#claim(repository, id);
    this.#sessions.delete(id);
    try {
      const file = await open(session.path, 'a');
      try {
        const found =
          digestAlgorithm(digest) === 'sha256'
            ? session.digest.digest()
            : await digestFile(session.path, digest);
        if (found !== digest) {
          throw new EmbeddedError(
            'DIGEST_INVALID',
            `cannot take in upload: it has ${session.size} bytes of ${found}`,
            {
              detail: { digest },
            },
          );
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#content.adopt(digest, session.path);
    } catch (error) {
      await rm(session.path, { force: true });
      throw error;
    }
  }

  /** Throws the upload away. */
  async cancel({ id }: UploadSession): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    await rm(session.path, { force: true });
  }

  #find(repository: string, id: string): Session {
    const session = this.#sessions.get(id);
    if (session !== undefined && session.repository === repository) return session;
    throw new EmbeddedError(
      'BLOB_UPLOAD_UNKNOWN',
      'cannot continue upload: there is none with this id here; begin again',
    );
  }

  /** Two requests that write to one session would mix their bytes. */
  #claim(repository: string, id: string): Session {
    const session = this.#find(repository, id);
    if (session.busy) {
      throw new EmbeddedError(
        'BLOB_UPLOAD_INVALID',
        'cannot continue upload: another request is writing to it',
        {
          status: 409,
        },
      );
    }
    session.busy = true;
    return session;
  }

  async #giveUp(session: Session, error: unknown): Promise<never> {
    await this.cancel(session);
    throw error;
  }

  async #forgetIdle(): Promise<void> {
    const limit = this.#options.now() - IDLE_MILLISECONDS;
    const idle = [...this.#sessions.values()].filter((session) => !session.busy && session.touched < limit);
    for (const session of idle) await this.cancel(session);
  }
}

interface Session extends UploadSession {
  size: number;
  readonly path: string;
  readonly digest: RunningDigest;
  /** Whether a request is writing. */
  busy: boolean;
  /** When bytes last came. */
  touched: number;
}

const MAX_SESSIONS = 1000;
const IDLE_MILLISECONDS = 3_600_000;

async function digestFile(path: string, digest: Digest): Promise<Digest> {
  const running = startDigest(digestAlgorithm(digest));
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) running.update(chunk);
  return running.digest();
}
