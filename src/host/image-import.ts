import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { foundFailure } from './classify-failure.ts';
import { FailedStep, mustSucceed } from './failed-step.ts';
import { freeSpaceOf, lackOfSpace } from './free-space.ts';
import type { HostRunner } from './host-runner.ts';
import { type Deadlines, HostTool, type ToolResult } from './host-tool.ts';
import { type HostImage, type ImageLayer, type ImageSource, ImageSourceError } from './image-source.ts';
import { type ImageArguments, imageArgumentsOf, KARGS_FOLDER } from './image-arguments.ts';
import type { ProgressListener } from './progress.ts';

/** Of a host that was booted from it. */
const REPOSITORY = '/ostree/repo';

/** A tree of the layers up to one, and a finished image: refs keep both from being pruned. */
const CHAINS = 'varve/chain';
const IMAGES = 'varve/image';

/** Layers' own commits: nothing of when or where they were made may make them differ. */
const ANONYMOUS = ['--no-bindings', '--timestamp=@0'];

/** An image's /etc is the default of the host's (host-contract §5.2). */
const ETC_FILTER = String.raw`--tar-pathname-filter=^(\./)?etc(/|$),usr/etc\2`;

/** What the labels of an image say whose layers are an ostree repository's objects, which only bootc can import. */
const ENCAPSULATED = 'ostree.final-diffid';

/** Keys of a commit's metadata; the first two are bootc's own (host-contract §3.1). */
export const MANIFEST_DIGEST = 'ostree.manifest-digest';
const IMAGE_CONFIG = 'ostree.container.image-config';
const LAYERS = 'varve.layers';

/**
 * Imports images into the host's ostree repository, layer upon layer. Each prefix of an image's layers is a commit
 * with a ref, so an image that shares layers with an earlier one costs what is new, and an interrupted import goes on
 * where it was.
 */
export class ImageImport {
  readonly #runner: HostRunner;
  readonly #ostree: HostTool;
  readonly #source: ImageSource;
  readonly #deadlines: Deadlines;
  readonly #repository: string;
  readonly #repo: string;

  constructor(host: HostRunner, source: ImageSource, deadlines: Deadlines, repository = REPOSITORY) {
    this.#repository = repository;
    this.#repo = `--repo=${repository}`;
    this.#runner = host;
    this.#ostree = new HostTool(host, 'ostree');
    this.#source = source;
    this.#deadlines = deadlines;
  }

  /**
   * Imports the image behind a reference by digest, and answers the ref of its commit. Of other images only what belongs to
   * the commits in `deployed` is kept: hosts would fill up with what they once ran.
   *
   * @throws {FailedStep}
   */
  async import(
    reference: string,
    deployed: readonly string[],
    onProgress: ProgressListener | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const image = await this.#resolve(reference, signal);
    const ref = `${IMAGES}/${image.digest.replace(':', '-')}`;
    const present = await this.#refs(signal);
    if (present.has(ref)) return ref;
    refuseEncapsulated(reference, image);

    const chains = chainRefs(image.layers.map(({ digest }) => digest));
    await this.#makeRoom(deployed, chains, signal);
    let done = chains.findLastIndex((chain) => present.has(chain)) + 1;
    const total = image.layers.length - done;
    await this.#refuseFullDisk(reference, image.layers.slice(done));
    for (const layer of image.layers.slice(done)) {
      const steps = {
        done: total - (image.layers.length - done),
        cached: image.layers.length - total,
        total,
      };
      onProgress?.({ phase: 'pulling', message: `Fetching layer ${layer.digest}`, bytes: undefined, steps });
      const commit = await this.#importLayer(reference, layer, signal);
      await this.#stack(chains[done - 1], commit, chains[done] ?? '', signal);
      done++;
    }
    onProgress?.({
      phase: 'importing',
      message: `Committing ${reference}`,
      bytes: undefined,
      steps: undefined,
    });
    const version = image.labels['org.opencontainers.image.version'];
    await this.#commit(
      [
        `--branch=${ref}`,
        '--bootable',
        // Never a base without a tree: that would add the working directory.
        `--tree=ref=${chains.at(-1) ?? ''}`,
        `--add-metadata-string=${MANIFEST_DIGEST}=${image.digest}`,
        `--add-metadata-string=${IMAGE_CONFIG}=${keptConfig(image)}`,
        `--add-metadata-string=${LAYERS}=${image.layers.map((layer) => layer.digest).join(',')}`,
        ...(version === undefined ? [] : [`--add-metadata-string=version=${version}`]),
      ],
      signal,
    );
    return ref;
  }

  /** Before anything is downloaded for nothing (host-contract §9.3). @throws {FailedStep} `disk` */
  async #refuseFullDisk(reference: string, layers: readonly ImageLayer[]): Promise<void> {
    const bytes = layers.reduce((sum, { size }) => sum + size, 0);
    const space = await freeSpaceOf(`${this.#runner.root}${this.#repository}`);
    const lack = space && lackOfSpace(bytes, space);
    if (lack === undefined) return;
    throw new FailedStep(foundFailure('disk', 'ostree', `cannot pull ${reference}: ${lack}`));
  }

  /** The value of a key of a commit's metadata; undefined when it has none, or is no longer whole. */
  async metadata(commit: string, key: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    return stringOf(await this.#show(commit, key, signal));
  }

  /**
   * The kernel arguments that an imported image brings.
   *
   * @throws {FailedStep}
   * @throws {HostError} `unreadable`
   */
  async kernelArguments(ref: string, signal: AbortSignal | undefined): Promise<ImageArguments> {
    const run = (args: readonly string[]): Promise<ToolResult> =>
      this.#ostree.run(args, this.#deadlines.status, signal);
    const listing = await run(['ls', this.#repo, ref, KARGS_FOLDER]);
    if (!listing.ok && listing.failure.excerpt.includes('No such file')) return undefined;
    const files = new Map<string, string>();
    for (const [, path = ''] of mustSucceed(listing).stdout.matchAll(/^-\d+ +\d+ +\d+ +\d+ (\/.+)$/gm)) {
      files.set(basename(path), mustSucceed(await run(['cat', this.#repo, ref, path])).stdout);
    }
    return imageArgumentsOf(files, process.arch);
  }

  /**
   * Forgets all images and prefixes that none of the commits is of; the next pruning removes their objects. Prefixes in `more`
   * stay too.
   *
   * @returns how many were forgotten
   * @throws {FailedStep}
   */
  async forgetAllBut(
    commits: readonly string[],
    more: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const kept = new Set<string>(more);
    for (const commit of commits) {
      const layers = (await this.#metadataOf(commit, LAYERS, signal))?.split(',') ?? [];
      for (const chain of chainRefs(layers)) kept.add(chain);
      const digest = await this.#metadataOf(commit, MANIFEST_DIGEST, signal);
      if (digest !== undefined) kept.add(`${IMAGES}/${digest.replace(':', '-')}`);
    }
    const forgotten = [...(await this.#refs(signal))].filter((ref) => !kept.has(ref));
    for (const ref of forgotten) {
      const args = ['refs', this.#repo, '--delete', ref];
      mustSucceed(await this.#ostree.run(args, this.#deadlines.change, signal));
    }
    return forgotten.length;
  }

  /** What cannot be cleaned up keeps nobody from an update: a disk that is full says so itself. */
  async #makeRoom(
    deployed: readonly string[],
    chains: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (deployed.length === 0) return;
    try {
      if ((await this.forgetAllBut(deployed, chains, signal)) === 0) return;
      await this.#ostree.run(['admin', 'cleanup'], this.#deadlines.change, signal, { background: true });
    } catch (error) {
      if (!(error instanceof FailedStep)) throw error;
    }
  }

  /** As `metadata`, where what could not be read must not be taken for what is not there. @throws {FailedStep} */
  async #metadataOf(
    commit: string,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const result = await this.#show(commit, key, signal);
    if (!result.ok && !result.failure.excerpt.includes('No such metadata key')) mustSucceed(result);
    return stringOf(result);
  }

  #show(commit: string, key: string, signal: AbortSignal | undefined): Promise<ToolResult> {
    const args = ['show', this.#repo, `--print-metadata-key=${key}`, commit];
    return this.#ostree.run(args, this.#deadlines.status, signal);
  }

  async #resolve(reference: string, signal: AbortSignal | undefined): Promise<HostImage> {
    try {
      return await this.#source.resolve(reference, signal);
    } catch (error) {
      if (!(error instanceof ImageSourceError)) throw error;
      throw new FailedStep(foundFailure(error.class, 'ostree', error.message));
    }
  }

  async #refs(signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
    const refs = new Set<string>();
    for (const prefix of [CHAINS, IMAGES]) {
      const args = ['refs', this.#repo, '--list', prefix];
      const { stdout } = mustSucceed(await this.#ostree.run(args, this.#deadlines.status, signal));
      for (const line of stdout.split('\n')) if (line !== '') refs.add(line);
    }
    return refs;
  }

  /**
   * A layer as a commit of its own, which only becomes one when every byte was the right one; undefined for a layer
   * without an entry, of which ostree makes none.
   */
  async #importLayer(
    reference: string,
    layer: ImageLayer,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const input = verified(this.#source.layer(reference, layer, signal), layer.digest);
    const args = ['--orphan', '--tar-autocreate-parents', ETC_FILTER, '--tree=tar=-'];
    const all = ['commit', this.#repo, ...ANONYMOUS, ...args];
    const result = await this.#ostree.run(all, this.#deadlines.update, signal, { input, background: true });
    if (!result.ok && result.failure.excerpt.includes("Can't commit an empty tree")) return undefined;
    return mustSucceed(result).stdout.trim();
  }

  /**
   * Puts a layer on a prefix. Both as trees of one commit is quick, whatever the size of the prefix; but it makes
   * files of whiteouts, and refuses a file in a directory's place and the reverse. A checkout honours both, and is hard links only.
   */
  async #stack(
    prefix: string | undefined,
    layer: string | undefined,
    ref: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const branch = `--branch=${ref}`;
    if (prefix === undefined || layer === undefined) {
      await this.#commit([branch, `--tree=ref=${layer ?? prefix ?? ''}`], signal);
      return;
    }
    if (!(await this.#hasWhiteouts(layer, signal))) {
      const args = ['commit', this.#repo, ...ANONYMOUS, branch, `--base=${prefix}`, `--tree=ref=${layer}`];
      const result = await this.#ostree.run(args, this.#deadlines.update, signal);
      if (result.ok || !replacesType(result)) {
        mustSucceed(result);
        return;
      }
    }
    await this.#stackByCheckout(prefix, layer, branch, signal);
  }

  async #stackByCheckout(
    prefix: string,
    layer: string,
    branch: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const folder = `${this.#repository}/tmp/varve-${layer.slice(0, 16)}`;
    const checkout = async (commit: string, more: readonly string[]): Promise<void> => {
      const args = ['checkout', this.#repo, '--require-hardlinks', '--union', ...more, commit, folder];
      mustSucceed(await this.#ostree.run(args, this.#deadlines.update, signal));
    };
    await this.#remove([folder], signal);
    await checkout(prefix, []);
    await this.#makeWay(layer, folder, signal);
    await checkout(layer, ['--whiteouts']);
    await this.#commit([branch, '--link-checkout-speedup', '--consume', `--tree=dir=${folder}`], signal);
  }

  /**
   * Removes files that the layer has directories for: older releases cannot (host-contract §5.2). Where a symbolic
   * link stands, as /lib, newer ones would put a directory of a few files and make a host that does not boot.
   */
  async #makeWay(layer: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
    const args = ['ls', this.#repo, '--recursive', layer];
    const { stdout } = mustSucceed(await this.#ostree.run(args, this.#deadlines.update, signal));
    const files: string[] = [];
    for (const [, path = ''] of stdout.matchAll(/^d\d+ +\d+ +\d+ +\d+ (\/.+)$/gm)) {
      const entry = await lstat(`${this.#runner.root}${folder}${path}`).catch(() => undefined);
      if (entry?.isSymbolicLink() === true) {
        const message = `cannot import a layer: it has a directory ${path} where the image below has a symbolic link`;
        throw new FailedStep(foundFailure('bad-image', 'ostree', message));
      }
      if (entry?.isFile() === true) files.push(`${folder}${path}`);
    }
    if (files.length > 0) await this.#remove(files, signal);
  }

  /** Only ostree itself makes a read-only /sysroot writable for its commands; a plain `rm` must do so for its own. */
  async #remove(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const script = 'mount -o remount,bind,rw /sysroot 2>/dev/null; exec rm -rf -- "$@"';
    const unshare = new HostTool(this.#runner, 'unshare');
    const args = ['--mount', 'sh', '-c', script, 'rm', ...paths];
    mustSucceed(await unshare.run(args, this.#deadlines.change, signal));
  }

  async #hasWhiteouts(layer: string, signal: AbortSignal | undefined): Promise<boolean> {
    const args = ['ls', this.#repo, '--recursive', '--nul-filenames-only', layer];
    const { stdout } = mustSucceed(await this.#ostree.run(args, this.#deadlines.update, signal));
    return stdout.includes('/.wh.');
  }

  async #commit(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const all = ['commit', this.#repo, ...ANONYMOUS, ...args];
    mustSucceed(await this.#ostree.run(all, this.#deadlines.update, signal, { background: true }));
  }
}

/** A GVariant's text: strings stand in quotes. */
function stringOf(result: ToolResult): string | undefined {
  return result.ok ? /^'(.*)'\s*$/s.exec(result.outcome.stdout)?.[1] : undefined;
}

/** The refs of an image's prefixes: the layers up to each one, in order, make its name. */
function chainRefs(digests: readonly string[]): readonly string[] {
  let name = '';
  return digests.map((digest) => {
    name = createHash('sha256').update(`${name} ${digest}`).digest('hex');
    return `${CHAINS}/${name}`;
  });
}

/** The kernel takes no argument of more than 128 KiB. */
const MAX_CONFIG = 96 * 1024;

/** The image's config; of one that is too long to be handed over, its labels, which is what is read of it. */
function keptConfig({ config, labels, architecture }: HostImage): string {
  if (Buffer.byteLength(config) <= MAX_CONFIG) return config;
  return JSON.stringify({ architecture, os: 'linux', config: { Labels: labels } });
}

function replacesType(result: ToolResult): boolean {
  return !result.ok && /Can't replace (directory with file|file with directory)/.test(result.failure.excerpt);
}

function refuseEncapsulated(reference: string, image: HostImage): void {
  if (!Object.hasOwn(image.labels, ENCAPSULATED)) return;
  const message = `cannot import ${reference}: its layers are an ostree repository's, which only bootc and rpm-ostree can import`;
  throw new FailedStep(foundFailure('bad-image', 'ostree', message));
}

/** The bytes, failing at their end when they were others: the commit that reads them is then never made. */
async function* verified(bytes: AsyncIterable<Uint8Array>, digest: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) {
    throw new ImageSourceError('integrity', `the layer's digest is ${actual} and not ${digest}`);
  }
}
