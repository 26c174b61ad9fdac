import type {
  Architectures,
  BaseEvents,
  BuildHost,
  DirectImage,
  Pushed,
  ResolvedBase,
} from '../osbuild/index.ts';
import {
  assembleImage,
  BaseCatalog,
  openBuildCache,
  pushImages,
  readCurrentImage,
  refuseContainerBuild,
} from '../osbuild/index.ts';
import type { Compression, Reference, RegistryClient } from '../oci/index.ts';
import { formatReference, parseReference, withTag } from '../oci/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { cacheDirectory, machineArchitecture } from './environment.ts';
import { readInputFiles } from './input-files.ts';
import type { Manifests } from './manifests.ts';
import { decodeManifests, poolNamed } from './manifests.ts';
import { formatBytes, formatMilliseconds } from './output.ts';
import type { OutputFormat } from './output.ts';
import { writeResult } from './output.ts';
import { ProgressLine } from './progress.ts';
import type { RegistryFlags } from './registry-flags.ts';
import { openRegistryFor } from './registry-flags.ts';
import { renderPool, withPlaces } from './render-command.ts';

export interface BuildFlags extends RegistryFlags {
  readonly pool: string;
  readonly filename: readonly string[];
  readonly base: string;
  readonly push?: string | undefined;
  readonly arch?: string | undefined;
  readonly compression: Exclude<Compression, 'none'>;
  readonly cache?: string | undefined;
  readonly dryRun: boolean;
  readonly quiet: boolean;
  readonly output: OutputFormat;
}

/** What a build did, as `--output json` prints it. Durations are in milliseconds, sizes in bytes. */
export interface BuildReport {
  /** `registry/repository@digest`: what a node is told to run. */
  readonly image: string;
  readonly digest: string;
  readonly tag: string;
  readonly pool: string;
  readonly renderedConfig: string;
  readonly machineConfigs: readonly string[];
  readonly base: {
    readonly reference: string;
    readonly digest: string;
    readonly layers: number;
    readonly indexed: boolean;
  };
  readonly pushed: boolean;
  readonly upToDate: boolean;
  readonly mounted: number;
  readonly copied: number;
  readonly images: readonly {
    readonly architecture: string;
    readonly digest: string;
    readonly layer: {
      readonly digest: string;
      readonly diffId: string;
      readonly size: number;
      readonly uncompressedSize: number;
      readonly entries: number;
    };
  }[];
  readonly traffic: { readonly requests: number; readonly sent: number; readonly received: number };
  readonly steps: readonly { readonly step: string; readonly milliseconds: number }[];
  readonly warnings: readonly string[];
}

/** `varve build`: renders a pool, builds its image and pushes it; the image's name goes to standard output. */
export async function buildCommand(flags: BuildFlags, environment: Environment): Promise<void> {
  const report = await build(flags, environment);
  writeResult(flags.output, report, () => `${report.image}\n`);
}

/** {@link buildCommand} without its output to standard output. */
export async function build(flags: BuildFlags, environment: Environment): Promise<BuildReport> {
  const progress = new ProgressLine(process.stderr, !flags.quiet);
  const say = (line: string): void => {
    progress.clear();
    if (!flags.quiet) process.stderr.write(`${line}\n`);
  };
  const registry = openRegistryFor(flags, environment, {
    onTransfer: ({ direction, repository, bytes, size }) => {
      progress.update(() => `${direction} ${repository}: ${formatBytes(bytes)} of ${formatBytes(size)}`);
    },
  });
  try {
    return await new Build(flags, environment, registry, say, progress).run();
  } finally {
    progress.clear();
    registry.close();
  }
}

class Build {
  readonly #flags: BuildFlags;
  readonly #host: BuildHost;
  readonly #say: (line: string) => void;
  readonly #catalog: BaseCatalog;
  readonly #architectures: Architectures;
  readonly #started: number = performance.now();
  readonly #steps: { step: string; milliseconds: number }[] = [];
  #indexed = false;

  constructor(
    flags: BuildFlags,
    environment: Environment,
    registry: RegistryClient,
    say: (line: string) => void,
    progress: ProgressLine,
  ) {
    this.#flags = flags;
    this.#host = { registry, cache: openBuildCache(cacheDirectory(flags.cache, environment)) };
    this.#say = say;
    this.#architectures =
      flags.arch === 'all' ? 'all' : [...new Set((flags.arch ?? machineArchitecture()).split(','))];
    this.#catalog = new BaseCatalog(this.#host, this.#events(progress));
  }

  async run(): Promise<BuildReport> {
    const flags = this.#flags;
    const baseReference = parseReference(flags.base);
    const explicitPush = flags.push === undefined ? undefined : pushReference(flags.push);
    // The registry is asked while the files are read; what it answers is awaited once the pool is rendered.
    const early = explicitPush === undefined ? undefined : this.#ask(baseReference, explicitPush);

    const manifests = await this.#time('read', async () =>
      decodeManifests(await readInputFiles(flags.filename)),
    );
    for (const object of manifests.passedOver) this.#say(`note: ${object} is passed over`);
    const rendered = await this.#time('render', () =>
      Promise.resolve(renderPool(manifests, flags.pool, flags.base)),
    );
    const osConfig = manifests.osConfigs.find(
      (candidate) => candidate.spec.machineConfigPool.name === flags.pool,
    );
    refuseContainerBuild(rendered.machineConfig, osConfig);

    const push = explicitPush ?? pushFromPool(manifests, flags.pool);
    const osImageURL = rendered.machineConfig.spec.osImageURL ?? flags.base;
    if (osImageURL !== flags.base)
      this.#say(`note: the base is ${osImageURL}, which a MachineConfig's osImageURL sets over --base`);
    const asked =
      early !== undefined && osImageURL === flags.base
        ? early
        : this.#ask(readOsImageURL(manifests, osImageURL), push);
    // Whichever fails first: where nothing can be pushed, no base needs to be read.
    const [base, current] = await Promise.all([asked.base, asked.current]);
    refuseOtherArchitecture(base, flags.arch);
    const images = await this.#time('assemble', () =>
      Promise.resolve(withPlaces(manifests, () => this.#assemble(base, rendered))),
    );
    const pushed = await this.#push(push, base, images, current);
    return this.#report(push, base, rendered, images, pushed);
  }

  #ask(
    base: Reference,
    push: Reference,
  ): { base: Promise<ResolvedBase>; current: ReturnType<typeof readCurrentImage> } {
    const asked = {
      base: this.#time('base', () => this.#catalog.open(base, this.#architectures, push)),
      current: this.#flags.dryRun ? Promise.resolve(undefined) : readCurrentImage(this.#host, push),
    };
    // Whoever awaits them sees a failure; until then it is not unhandled.
    asked.base.catch(() => undefined);
    asked.current.catch(() => undefined);
    return asked;
  }

  #assemble(base: ResolvedBase, rendered: Rendered): readonly DirectImage[] {
    const { pool, compression } = this.#flags;
    const images = base.images.map((image) => assembleImage({ pool, rendered, base: image, compression }));
    for (const warning of new Set(images.flatMap((image) => image.warnings)))
      this.#say(`warning: ${warning}`);
    return images;
  }

  async #push(
    push: Reference,
    base: ResolvedBase,
    images: readonly DirectImage[],
    current: Awaited<ReturnType<typeof readCurrentImage>>,
  ): Promise<Pushed> {
    return this.#time('push', () =>
      pushImages(this.#host, push, base, images, current, { dryRun: this.#flags.dryRun }),
    );
  }

  #report(
    push: Reference,
    base: ResolvedBase,
    rendered: Rendered,
    images: readonly DirectImage[],
    pushed: Pushed,
  ): BuildReport {
    const { requests, sent, received } = this.#host.registry.traffic;
    const total = performance.now() - this.#started;
    this.#steps.push({ step: 'total', milliseconds: total });
    const layers = base.images.reduce((sum, image) => sum + image.manifest.layers.length, 0);
    const report: BuildReport = {
      image: pushed.reference,
      digest: pushed.digest,
      tag: formatReference(push),
      pool: this.#flags.pool,
      renderedConfig: rendered.name,
      machineConfigs: rendered.order,
      base: {
        reference: formatReference(base.reference),
        digest: base.digest,
        layers,
        indexed: this.#indexed,
      },
      pushed: !this.#flags.dryRun,
      upToDate: pushed.upToDate,
      mounted: pushed.mounted,
      copied: pushed.copied,
      images: images.map(({ base: { config }, digest, layer, entries }) => ({
        architecture: config.architecture,
        digest,
        layer: {
          digest: layer.descriptor.digest,
          diffId: layer.diffId,
          size: layer.descriptor.size,
          uncompressedSize: layer.size,
          entries,
        },
      })),
      traffic: { requests, sent, received },
      steps: this.#steps.map(({ step, milliseconds }) => ({
        step,
        milliseconds: Math.round(milliseconds * 10) / 10,
      })),
      warnings: [...new Set(images.flatMap((image) => image.warnings))],
    };
    for (const line of summaryLines(report)) this.#say(line);
    return report;
  }

  #events(progress: ProgressLine): BaseEvents {
    let layers = 0;
    let done = 0;
    return {
      onIndexing: ({ base, layers: count, bytes }) => {
        layers = count;
        this.#indexed = true;
        this.#say(
          `note: ${formatReference(base)} is new here: reading its ${count} layers once (${formatBytes(bytes)})`,
        );
      },
      onLayerRead: () => {
        done += 1;
        progress.update(() => `reading the base: layer ${done} of ${layers}`);
      },
      onIndexed: ({ publishedAt }) => {
        this.#say(
          publishedAt === undefined
            ? 'note: the index of the base could not be left in the push registry; other machines will read the base again'
            : `note: the index of the base is at ${formatReference(publishedAt)} for every later build`,
        );
      },
    };
  }

  async #time<T>(step: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.#steps.push({ step, milliseconds: performance.now() - start });
    return result;
  }
}

function summaryLines(report: BuildReport): readonly string[] {
  const { base, traffic, steps } = report;
  const lines = [
    `rendered  ${report.renderedConfig} from ${report.machineConfigs.length} MachineConfigs`,
    `base      ${base.reference} (${base.digest}), ${base.layers} layers`,
  ];
  for (const { architecture, layer } of report.images) {
    lines.push(
      `layer     ${layer.digest} for ${architecture}: ${layer.entries} entries, ${formatBytes(layer.size)} (${formatBytes(layer.uncompressedSize)} unpacked)`,
    );
  }
  const how = report.upToDate
    ? 'is up to date: nothing was pushed'
    : report.pushed
      ? `pushed; base layers: ${report.mounted} mounted, ${report.copied} copied`
      : 'not pushed (--dry-run)';
  lines.push(`image     ${report.tag} ${how}`);
  lines.push(
    `moved     ${formatBytes(traffic.sent)} sent, ${formatBytes(traffic.received)} received in ${traffic.requests} requests`,
  );
  lines.push(
    `time      ${steps.map(({ step, milliseconds }) => `${step} ${formatMilliseconds(milliseconds)}`).join(', ')}`,
  );
  return lines;
}

/** A base that is one image is taken whatever this machine is, but not against what a person asked for. */
function refuseOtherArchitecture(
  { index, images, reference }: ResolvedBase,
  asked: string | undefined,
): void {
  const [image] = images;
  if (index !== undefined || image === undefined || asked === undefined || asked === 'all') return;
  const { architecture } = image.config;
  if (asked.split(',').every((name) => name.split('/')[0] === architecture)) return;
  throw new CliError(
    'input',
    `cannot build on ${formatReference(reference)} for ${asked}: it is one image, for ${architecture}; name a base for several architectures, or leave --arch out`,
  );
}

/** The reference in a MachineConfig; a bad one is refused with its place. */
function readOsImageURL(manifests: Manifests, text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    const owner = manifests.machineConfigs.find(({ spec }) => spec.osImageURL === text)?.metadata.name ?? '';
    const place = manifests.locate('MachineConfig', owner, ['spec', 'osImageURL']);
    if (place === undefined || !(error instanceof Error)) throw error;
    throw new CliError(
      'input',
      `${error.message} (${place}: MachineConfig ${JSON.stringify(owner)}: spec.osImageURL)`,
      { cause: error },
    );
  }
}

/** A push needs a tag: what no tag names, registries delete (host-contract §5.7). */
function pushReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new CliError(
      'input',
      `cannot push to ${text}: a digest names content that exists already; write a tag instead`,
    );
  }
  return reference.tag === undefined ? withTag(reference, 'latest') : reference;
}

function pushFromPool(manifests: Manifests, pool: string): Reference {
  const osConfig = manifests.osConfigs.find((candidate) => candidate.spec.machineConfigPool.name === pool);
  if (osConfig === undefined) {
    throw new CliError(
      'input',
      `cannot push the image of pool ${pool}: name where with --push, or add its MachineOSConfig with -f`,
    );
  }
  poolNamed(manifests, pool);
  return pushReference(osConfig.spec.renderedImagePushSpec);
}
