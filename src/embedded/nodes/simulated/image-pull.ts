import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authDocument,
  decompress,
  type Descriptor,
  type ImageConfig,
  isIndexType,
  type Manifest,
  MAX_CONFIG_BYTES,
  OciError,
  openRegistry,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
  parseReference,
  type Reference,
  type RegistryClient,
  selectManifests,
  startDigest,
} from '../../../oci/index.ts';
import { statOf } from './files.ts';
import { importLayer } from './layer-import.ts';
import { IMAGE_CONFIG, MANIFEST, MANIFEST_DIGEST } from './metadata-keys.ts';
import { pullFailure } from './pull-failure.ts';
import type { Repository } from './repository.ts';
import { ToolError } from './tool-error.ts';
import { type Tree, type TreeNode, withLayer } from './tree.ts';

/** Where a host's tools look for credentials: the first of the files that is there (host-contract §6.1). */
const AUTH_FILES = ['run/ostree/auth.json', 'etc/ostree/auth.json', 'usr/lib/ostree/auth.json'];

/** Files that builders leave in their root, empty, and that are nobody's configuration (host-contract §5.2). */
const LEFTOVERS = ['usr/etc/hostname', 'usr/etc/resolv.conf'];

/** What a pull needs of the machine. */
export interface PullSurroundings {
  readonly root: string;
  readonly repository: Repository;
  readonly plainHttp: readonly string[];
  readonly certificateAuthorities: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Where power may go and disks may be full; called before each layer is fetched and when all are there. */
  readonly step: (phase: 'pull' | 'import') => Promise<void>;
  readonly onLayer: (event: LayerEvent) => void;
}

/** A layer that is about to be fetched, or was. */
export interface LayerEvent {
  readonly image: string;
  readonly digest: string;
  readonly size: number;
  readonly done: boolean;
  /** Of all the layers that have to be fetched, from 0. */
  readonly index: number;
  readonly needed: readonly Descriptor[];
  readonly cached: readonly Descriptor[];
}

export interface PulledImage {
  /** Of the platform's manifest. */
  readonly digest: string;
  readonly commit: string;
  /** Bytes that were received for it. */
  readonly received: number;
}

/**
 * Pulls an image as bootc and rpm-ostree do (host-contract §5.1): what layers are not there are fetched one after the other and
 * kept, each verified, so that a pull that was interrupted goes on; then all of them are one commit.
 *
 * @throws ToolError in the words of the tools
 */
export async function pullImage(name: string, surroundings: PullSurroundings): Promise<PulledImage> {
  const { root, plainHttp, certificateAuthorities, environment, signal } = surroundings;
  const client = openRegistry({
    ...credentials(root),
    plainHttp,
    certificateAuthorities,
    proxyEnv: environment,
    signal,
    userAgent: 'bootc/simulated',
    // The host's tools hardly try again: who runs them does.
    attempts: 2,
    deadline: 5_000,
  });
  try {
    return await new Pull(client, name, surroundings).run();
  } catch (error) {
    if (error instanceof OciError) throw pullFailure(name, error);
    throw error;
  } finally {
    client.close();
  }
}

class Pull {
  readonly #client: RegistryClient;
  readonly #name: string;
  readonly #reference: Reference;
  readonly #surroundings: PullSurroundings;

  constructor(client: RegistryClient, name: string, surroundings: PullSurroundings) {
    this.#client = client;
    this.#name = name;
    this.#reference = parseReference(name);
    this.#surroundings = surroundings;
  }

  async run(): Promise<PulledImage> {
    const { repository, step } = this.#surroundings;
    const { digest, manifest, text } = await this.#manifest();
    const imageRef = refOf('image', this.#name);
    const kept = repository.read(imageRef);
    if (kept?.metadata[MANIFEST_DIGEST] === digest) return this.#pulled(digest, kept.checksum);
    const bytes = await this.#client.getBlobBytes(this.#reference, manifest.config, MAX_CONFIG_BYTES);
    const config = parseImageConfig(bytes);
    refuse(manifest, config);
    await this.#fetchLayers(manifest, config);
    await step('import');
    const tree = this.#merge(manifest);
    const labels = config.config?.Labels ?? {};
    const version = labels['org.opencontainers.image.version'] ?? labels['version'];
    const commit = repository.commit(tree, {
      [MANIFEST_DIGEST]: digest,
      [MANIFEST]: text,
      [IMAGE_CONFIG]: Buffer.from(bytes).toString('utf8'),
      ...(version === undefined ? {} : { version }),
    });
    repository.setRef(imageRef, commit);
    return this.#pulled(digest, commit);
  }

  #pulled(digest: string, commit: string): PulledImage {
    return { digest, commit, received: this.#client.traffic.received };
  }

  async #manifest(): Promise<{
    readonly digest: string;
    readonly manifest: Manifest;
    readonly text: string;
  }> {
    const stored = await this.#client.requireManifest(this.#reference);
    let found = stored;
    if (isIndexType(stored.mediaType)) {
      const [child] = selectManifests(parseImageIndex(stored.bytes, stored.mediaType), goArchitecture());
      if (child === undefined) {
        throw new ToolError(
          `no image found in image index for architecture "${goArchitecture()}", OS "linux"`,
        );
      }
      const { registry, repository } = this.#reference;
      found = await this.#client.requireManifest({ registry, repository, digest: child.digest });
    }
    const text = Buffer.from(found.bytes).toString('utf8');
    return { digest: found.digest, manifest: parseManifest(found.bytes, found.mediaType), text };
  }

  async #fetchLayers(manifest: Manifest, config: ImageConfig): Promise<void> {
    const { repository, step, onLayer } = this.#surroundings;
    const isThere = ({ digest }: Descriptor): boolean =>
      repository.resolve(refOf('blob', digest)) !== undefined;
    const cached = manifest.layers.filter(isThere);
    const needed = manifest.layers.filter((layer) => !isThere(layer));
    for (const [index, layer] of needed.entries()) {
      await step('pull');
      const { digest, size } = layer;
      const event = { image: this.#name, digest, size, index, needed, cached };
      onLayer({ ...event, done: false });
      const diffId = config.rootfs.diff_ids[manifest.layers.indexOf(layer)];
      const tree = await this.#layer(layer, diffId);
      repository.setRef(refOf('blob', digest), repository.commit(tree));
      onLayer({ ...event, done: true });
    }
    await step('pull');
  }

  /** The client verifies what it gets, as it is stored; what it is decompressed is verified here. */
  async #layer(layer: Descriptor, diffId: string | undefined): Promise<Tree> {
    const running = startDigest('sha256');
    const blob = decompress(this.#client.getBlob(this.#reference, layer), layer.mediaType);
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of blob) {
        running.update(chunk);
        yield chunk;
      }
    }
    const tree = await importLayer(this.#surroundings.repository, counted());
    const actual = running.digest();
    if (diffId !== undefined && actual !== diffId) {
      throw new ToolError(
        `Importing layer ${layer.digest}: Digest did not match, expected ${diffId}, got ${actual}`,
      );
    }
    return tree;
  }

  #merge(manifest: Manifest): Tree {
    const { repository } = this.#surroundings;
    let tree: Tree = new Map<string, TreeNode>();
    for (const { digest } of manifest.layers) {
      const layer = repository.read(refOf('blob', digest));
      if (layer === undefined) throw new ToolError(`Missing base image ref ${refOf('blob', digest)}`);
      tree = withLayer(tree, layer.tree);
    }
    const merged = new Map(tree);
    for (const path of LEFTOVERS) {
      const node = merged.get(path);
      if (node?.kind === 'file' && node.size === 0) merged.delete(path);
    }
    const kernels = [...merged.keys()].filter((path) => /^usr\/lib\/modules\/[^/]+\/vmlinuz$/.test(path));
    if (kernels.length === 0) throw new ToolError('Failed to find kernel in /usr/lib/modules');
    return merged;
  }
}

/** What a host does not take (host-contract §5.1). */
function refuse(manifest: Manifest, config: ImageConfig): void {
  if (config.architecture !== goArchitecture()) {
    throw new ToolError(`Image has architecture ${config.architecture}; expected ${goArchitecture()}`);
  }
  const labels = config.config?.Labels ?? {};
  if (labels['ostree.bootable'] === undefined && labels['containers.bootc'] === undefined) {
    throw new ToolError('Target image does not have ostree.bootable label');
  }
  const history = config.history?.length ?? 0;
  if (history < manifest.layers.length) throw new ToolError('Truncated history');
}

function credentials(root: string): { readonly auth?: ReturnType<typeof authDocument> } {
  const file = AUTH_FILES.map((path) => join(root, path)).find((path) => statOf(path) !== undefined);
  return file === undefined ? {} : { auth: authDocument(file, readFileSync(file)) };
}

/** The refs of ostree's container store (host-contract §3.1). */
function refOf(kind: 'blob' | 'image', name: string): string {
  const escaped = (kind === 'image' ? `docker://${name}` : name).replaceAll(
    /_|[^A-Za-z0-9-]/g,
    (character, at: number, all: string) => {
      if (character === '_') return '__';
      if (character === '/' && /[A-Za-z0-9]/.test(all[at - 1] ?? '')) return '/';
      return `_${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}_`;
    },
  );
  // A name may begin another one; a file cannot be a folder.
  return `ostree/container/${kind}/${kind === 'image' ? `${hash('sha256', name).slice(0, 12)}/` : ''}${escaped}`;
}

/** As Go names the architecture of this machine. */
function goArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
