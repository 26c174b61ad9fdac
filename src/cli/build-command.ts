import type {
  Architectures,
  BaseEvents,
  BuildHost,
  CurrentImage,
  DirectImage,
  FoundImage,
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
  refusePushOverBase,
} from '../osbuild/index.ts';
import type { Compression, Reference, RegistryClient } from '../oci/index.ts';
import { formatReference, parseReference } from '../oci/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import { pushFromPool, pushReference, readOsImageURL } from './build-references.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { cacheDirectory, machineArchitecture } from './environment.ts';
import { readInputFiles } from './input-files.ts';
import { interruptible, unlessAborted } from './interruption.ts';
import { decodeManifests } from './manifests.ts';
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
  const report = await interruptible((signal) => build(flags, environment, signal));
  writeResult(flags.output, report, () => `${report.image}\n`);
}

/**
 * {@link buildCommand} without its output to standard output. When it has ended, in whatever way, nothing that it began
 * goes on; `signal` ends it early.
 */
export async function build(
  flags: BuildFlags,
  environment: Environment,
  signal?: AbortSignal,
): Promise<BuildReport> {
  const progress = new ProgressLine(process.stderr, !flags.quiet);
  const say = (line: string): void => {
    progress.clear();
    if (!flags.quiet) process.stderr.write(`${line}\n`);
  };
  const registry = openRegistryFor(flags, environment, {
    ...(signal === undefined ? {} : { signal }),
    onTransfer: ({ direction, repository, bytes, size }) => {
      progress.update(() => `${direction} ${repository}: ${formatBytes(bytes)} of ${formatBytes(size)}`);
    },
  });
  const running = new Build(flags, environment, registry, say, progress);
  try {
    return await running.run(signal);
  } finally {
    progress.clear();
    registry.close();
    await running.settled();
  }
}

/** What the registry is asked before the pool is rendered. */
interface Asked {
  readonly base: Promise<ResolvedBase<FoundImage>>;
  readonly current: Promise<CurrentImage | undefined>;
}

class Build {
  readonly #flags: BuildFlags;
  readonly #host: BuildHost;
  readonly #say: (line: string) => void;
  readonly #catalog: BaseCatalog;
  readonly #architectures: Architectures;
  readonly #started: number = performance.now();
  readonly #steps: { step: string; milliseconds: number }[] = [];
  readonly #begun: Promise<unknown>[] = [];
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

  async run(signal: AbortSignal | undefined): Promise<BuildReport> {
    const flags = this.#flags;
    const baseReference = parseReference(flags.base);
    const explicitPush = flags.push === undefined ? undefined : pushReference(flags.push);
    // The registry is asked while the files are read; what it answers is awaited once the pool is rendered.
    const early = explicitPush === undefined ? undefined : this.#ask(baseReference, explicitPush);

    await turn();
    const manifests = await this.#time('read', async () =>
      decodeManifests(await unlessAborted(signal, readInputFiles(flags.filename))),
    );
    // One for the answer about the base, one for the connection over which the push's tag is asked for then.
    await turn();
    await turn();
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
    const { base, current } = await this.#read(asked, push);
    const images = await this.#time('assemble', () =>
      Promise.resolve(withPlaces(manifests, () => this.#assemble(base, rendered))),
    );
    const pushed = await this.#push(push, base, images, current);
    return this.#report(push, base, rendered, images, pushed);
  }

  /** Waits until nothing that was begun is under way; what failed has been told or does not matter. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#begun);
  }

  #ask(base: Reference, push: Reference): Asked {
    const asked = {
      base: this.#time('base', () => this.#catalog.find(base, this.#architectures, push)),
      current: this.#readCurrent(push),
    };
    // Whoever awaits them sees a failure; until then it is not unhandled.
    for (const begun of Object.values(asked)) begun.catch(() => undefined);
    this.#begun.push(asked.base, asked.current);
    return asked;
  }

  #readCurrent(push: Reference): Promise<CurrentImage | undefined> {
    return this.#flags.dryRun ? Promise.resolve(undefined) : readCurrentImage(this.#host, push);
  }

  /** Reads the base where nobody has an index of it, once it is known that the image can be pushed at all. */
  async #read(
    asked: Asked,
    push: Reference,
  ): Promise<{ readonly base: ResolvedBase; readonly current: CurrentImage | undefined }> {
    const [found, current] = await Promise.all([asked.base, asked.current]);
    refuseOtherArchitecture(found, this.#flags.arch);
    refusePushOverBase(push, found, current);
    const complete = (): Promise<ResolvedBase> =>
      this.#catalog.complete(found, push, { publish: !this.#flags.dryRun });
    if (found.images.every(({ facts }) => facts !== undefined)) return { base: await complete(), current };
    const base = await this.#time('index', complete);
    // Reading a base takes minutes, in which somebody else may have pushed.
    const now = await this.#readCurrent(push);
    refusePushOverBase(push, base, now);
    return { base, current: now };
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
    current: CurrentImage | undefined,
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

/**
 * Lets the requests that are under way go on. Reading and rendering leave them no time: without this, the first one
 * would be sent when the pool is rendered.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
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
  { index, images, reference }: ResolvedBase<FoundImage>,
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
