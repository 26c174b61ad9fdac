import type { Digest } from './digest.ts';
import type { Descriptor } from './documents.ts';
import { OciError } from './oci-error.ts';
import { formatRepository, type Reference } from './reference.ts';
import { readBlob } from './registry-blob-read.ts';
import { readReferrers, readTags } from './registry-listing.ts';
import {
  readManifest,
  removeManifest,
  requireManifest,
  type ResolvedManifest,
  resolveManifest,
  type StoredManifest,
  writeManifest,
} from './registry-manifests.ts';
import { mountBlob, type MountOutcome } from './registry-mount.ts';
import { type RegistryOptions, type RegistrySettings, settingsOf } from './registry-options.ts';
import { pullScope } from './registry-scope.ts';
import { RegistrySession } from './registry-session.ts';
import { type Traffic, Transport } from './registry-transport.ts';
import { type BlobSource, uploadBlob } from './registry-upload.ts';
import { cancelUpload } from './registry-upload-session.ts';

/** A blob of at least this many bytes is asked for before it is sent; below, sending costs less than asking. */
const ASK_FIRST_BYTES = 4 * 1024 * 1024;

/** What clients that differ only in what ends their calls have in common. */
interface SharedParts {
  readonly transport: Transport;
  /** By registry. */
  readonly sessions: Map<string, RegistrySession>;
  readonly closing: AbortController;
}

/**
 * Client of OCI registries (distribution specification 1.1). Connections, tokens and what it learnt about each registry
 * are kept until `close`. All methods throw {@link OciError}, verify what they read against its digest, repeat what
 * failed for a passing reason, and may run at the same time.
 */
export class RegistryClient {
  readonly #settings: RegistrySettings;
  readonly #shared: SharedParts;

  constructor(settings: RegistrySettings, shared: SharedParts) {
    this.#settings = settings;
    this.#shared = shared;
  }

  /**
   * This client, with the same connections and tokens, for calls that `signal` ends too. Closing either of them closes
   * both.
   */
  until(signal: AbortSignal): RegistryClient {
    const own = this.#settings.signal;
    const both = own === undefined ? signal : AbortSignal.any([own, signal]);
    return new RegistryClient({ ...this.#settings, signal: both }, this.#shared);
  }

  /** What has gone over the wire so far. */
  get traffic(): Traffic {
    return this.#shared.transport.traffic;
  }

  /** Ends every call and closes all connections. The client must not be used afterwards. */
  close(): void {
    // A reason of its own: the stack trace of the default one, an error, takes a millisecond in a large bundle.
    this.#shared.closing.abort('closed');
    this.#shared.transport.close();
  }

  /** What the reference leads to, or undefined when there is nothing. */
  async resolve(ref: Reference, signal?: AbortSignal): Promise<ResolvedManifest | undefined> {
    return resolveManifest(this.#session(ref), ref, this.#signal(signal));
  }

  /** The manifest or index, or undefined when there is none. */
  async getManifest(ref: Reference, signal?: AbortSignal): Promise<StoredManifest | undefined> {
    return readManifest(this.#session(ref), ref, this.#signal(signal));
  }

  /** Like `getManifest`, but a missing repository or manifest is an error of code `not-found` that says which. */
  async requireManifest(ref: Reference, signal?: AbortSignal): Promise<StoredManifest> {
    return requireManifest(this.#session(ref), ref, this.#signal(signal));
  }

  /**
   * Pushes a manifest or index under the reference's tag, else its digest, else the digest of the bytes.
   * Code `blob-unknown` when content that it names is missing.
   */
  async putManifest(
    ref: Reference,
    bytes: Uint8Array,
    mediaType: string,
    signal?: AbortSignal,
  ): Promise<Digest> {
    return writeManifest(this.#session(ref), ref, bytes, mediaType, this.#signal(signal));
  }

  /** Deletes by digest, else by tag; false when there is nothing. Code `unsupported` when the registry forbids it. */
  async deleteManifest(ref: Reference, signal?: AbortSignal): Promise<boolean> {
    return removeManifest(this.#session(ref), ref, this.#signal(signal));
  }

  /** Streams a blob; only a stream that ends without an error was the right content. */
  getBlob(ref: Reference, descriptor: Descriptor, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return readBlob(this.#session(ref), address(ref, descriptor), this.#signal(signal));
  }

  /** A whole blob of at most `limit` bytes, verified. */
  async getBlobBytes(
    ref: Reference,
    descriptor: Descriptor,
    limit: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { digest, size } = descriptor;
    if (size > limit) {
      throw new OciError(
        'too-large',
        `cannot read blob ${digest} of ${formatRepository(ref)}: it has ${size} bytes, more than the ${limit} allowed`,
        {
          registry: ref.registry,
        },
      );
    }
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    for await (const chunk of this.getBlob(ref, descriptor, signal)) {
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
    return bytes;
  }

  /** Tells whether the repository has the blob. */
  async hasBlob(ref: Reference, digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const answer = await this.#session(ref).send({
      action: `look for blob ${digest} in ${formatRepository(ref)}`,
      method: 'HEAD',
      target: `/v2/${ref.repository}/blobs/${digest}`,
      scopes: [pullScope(ref.repository)],
      accept: [200, 404],
      signal: this.#signal(signal),
    });
    answer.discard();
    return answer.status === 200;
  }

  /** Makes a blob of another repository of the same registry available; false when the registry does not do so. */
  async mountBlob(
    ref: Reference,
    digest: Digest,
    fromRepository: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const combined = this.#signal(signal);
    const outcome = await this.#mount(ref, digest, fromRepository, combined);
    if (outcome.mounted) return true;
    if (outcome.upload !== undefined) {
      await cancelUpload(this.#session(ref), 'cancel an upload', ref.repository, outcome.upload, combined);
    }
    return false;
  }

  /**
   * Pushes a blob. Large blobs and streams are sent only when the repository does not have them; a stream function may
   * be called again after a failure.
   */
  async putBlob(
    ref: Reference,
    descriptor: Descriptor,
    source: BlobSource,
    signal?: AbortSignal,
  ): Promise<'present' | 'uploaded'> {
    const combined = this.#signal(signal);
    const ask = typeof source === 'function' || source.length >= ASK_FIRST_BYTES;
    if (ask && (await this.hasBlob(ref, descriptor.digest, combined))) return 'present';
    await uploadBlob(this.#session(ref), address(ref, descriptor), source, undefined, combined);
    return 'uploaded';
  }

  /** Copies a blob: mounted inside one registry where possible, else streamed through and verified on the way. */
  async copyBlob(
    from: Reference,
    to: Reference,
    descriptor: Descriptor,
    signal?: AbortSignal,
  ): Promise<'copied' | 'mounted' | 'present'> {
    const combined = this.#signal(signal);
    const sameRegistry = from.registry === to.registry;
    if (sameRegistry && from.repository === to.repository) return 'present';
    const mount = sameRegistry
      ? await this.#mount(to, descriptor.digest, from.repository, combined)
      : undefined;
    if (mount?.mounted === true) return 'mounted';
    if (mount === undefined && (await this.hasBlob(to, descriptor.digest, combined))) return 'present';
    const source = (): AsyncIterable<Uint8Array> => this.getBlob(from, descriptor, combined);
    await uploadBlob(this.#session(to), address(to, descriptor), source, mount?.upload, combined);
    return 'copied';
  }

  /** All tags of the repository; empty when there is no such repository. */
  async listTags(ref: Reference, signal?: AbortSignal): Promise<readonly string[]> {
    return readTags(this.#session(ref), ref, this.#signal(signal));
  }

  /** The manifests whose subject is the given one. */
  async referrers(
    ref: Reference,
    digest: Digest,
    artifactType?: string,
    signal?: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    return readReferrers(this.#session(ref), ref, digest, artifactType, this.#signal(signal));
  }

  #mount(
    ref: Reference,
    digest: Digest,
    from: string,
    signal: AbortSignal | undefined,
  ): Promise<MountOutcome> {
    return mountBlob(this.#session(ref), ref.repository, digest, from, signal);
  }

  #session(ref: Reference): RegistrySession {
    const { sessions, transport } = this.#shared;
    let session = sessions.get(ref.registry);
    if (session === undefined) {
      session = new RegistrySession(ref.registry, transport, this.#settings);
      sessions.set(ref.registry, session);
    }
    return session;
  }

  #signal(signal: AbortSignal | undefined): AbortSignal | undefined {
    const own = this.#settings.signal;
    if (own === undefined || signal === undefined || own === signal) return signal ?? own;
    return AbortSignal.any([own, signal]);
  }
}

/** Opens a client. No connection is made before the first call. */
export function openRegistry(options: RegistryOptions = {}): RegistryClient {
  const closing = new AbortController();
  const signal =
    options.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, options.signal]);
  const settings = settingsOf({ ...options, signal });
  return new RegistryClient(settings, {
    transport: new Transport(settings),
    sessions: new Map(),
    closing,
  });
}

function address(
  ref: Reference,
  descriptor: Descriptor,
): { repository: string; digest: Digest; size: number } {
  return { repository: ref.repository, digest: descriptor.digest, size: descriptor.size };
}
