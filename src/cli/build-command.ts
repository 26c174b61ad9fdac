import { join } from 'node:path';
import type {
  AskedBuild,
  BuilderEvents,
  BuildInputs,
  BuiltImage,
  CustomisationWish,
  ExtensionCatalogue,
  FoundImage,
  ResolvedBase,
} from '../osbuild/index.ts';
import {
  buildahBuilders,
  containerWish,
  extensionCatalogue,
  openBuildCache,
  PoolBuilder,
  refuseEarly,
} from '../osbuild/index.ts';
import type { Compression, Reference, RegistryClient } from '../oci/index.ts';
import { formatReference, loadAuthFiles, parseReference } from '../oci/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import { pushFromPool, pushReference, readOsImageURL } from './build-references.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { cacheDirectory, machineArchitecture } from './environment.ts';
import { readExtensions } from './extension-flags.ts';
import { readInputFiles } from './input-files.ts';
import { interruptible, unlessAborted } from './interruption.ts';
import type { Manifests } from './manifests.ts';
import { decodeManifests } from './manifests.ts';
import { formatBytes, formatMilliseconds } from './output.ts';
import type { OutputFormat } from './output.ts';
import { writeResult } from './output.ts';
import { ProgressLine } from './progress.ts';
import type { RegistryFlags } from './registry-flags.ts';
import { openRegistryFor, readAuthority } from './registry-flags.ts';
import { renderPool, withPlaces } from './render-command.ts';

export interface BuildFlags extends RegistryFlags {
  readonly pool: string;
  readonly filename: readonly string[];
  readonly base: string;
  readonly push?: string | undefined;
  readonly arch?: string | undefined;
  readonly compression: Exclude<Compression, 'none'>;
  readonly cache?: string | undefined;
  /** `NAME=rpm:a,b;deb:c` each. */
  readonly extension?: readonly string[] | undefined;
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
  const extensions = await readExtensions(flags.extension);
  const registry = openRegistryFor(flags, environment, {
    ...(signal === undefined ? {} : { signal }),
    onTransfer: ({ direction, repository, bytes, size }) => {
      progress.update(() => `${direction} ${repository}: ${formatBytes(bytes)} of ${formatBytes(size)}`);
    },
  });
  const running = new Build(flags, environment, registry, extensions, say, progress, signal);
  try {
    return await running.run(signal);
  } finally {
    progress.clear();
    registry.close();
    await running.settled();
  }
}

class Build {
  readonly #flags: BuildFlags;
  readonly #registry: RegistryClient;
  readonly #say: (line: string) => void;
  readonly #extensions: ExtensionCatalogue;
  readonly #builder: PoolBuilder;
  /** Filled when the files have been read. */
  readonly #inputs: { -readonly [Member in keyof BuildInputs]: BuildInputs[Member] };
  readonly #started: number = performance.now();
  readonly #steps: { step: string; milliseconds: number }[] = [];
  #indexed = false;

  constructor(
    flags: BuildFlags,
    environment: Environment,
    registry: RegistryClient,
    extensions: ExtensionCatalogue,
    say: (line: string) => void,
    progress: ProgressLine,
    signal: AbortSignal | undefined,
  ) {
    this.#flags = flags;
    this.#registry = registry;
    this.#say = say;
    this.#extensions = extensions;
    const certificateAuthorities = (flags.ca ?? []).map(readAuthority);
    this.#inputs = {
      mounts: [],
      certificateAuthorities,
      proxyEnvironment: proxiesOf(environment.variables),
    };
    this.#builder = new PoolBuilder(
      { registry, cache: openBuildCache(cacheDirectory(flags.cache, environment)) },
      {
        architectures:
          flags.arch === 'all' ? 'all' : [...new Set((flags.arch ?? machineArchitecture()).split(','))],
        dryRun: flags.dryRun,
        events: this.#events(progress),
        customiser: {
          builders: buildahBuilders({
            storage: join(cacheDirectory(flags.cache, environment), 'containers'),
            architecture: machineArchitecture(),
            auth: loadAuthFiles({ file: flags.authfile, env: environment.variables }),
            insecureRegistries: flags.insecureRegistry ?? [],
            certificateAuthorities,
            path: environment.variables['PATH'] ?? '',
            uid: process.getuid?.(),
            packageCache: join(cacheDirectory(flags.cache, environment), 'packages', flags.pool),
          }),
          inputs: this.#inputs,
          signal: signal ?? new AbortController().signal,
          say,
        },
      },
    );
  }

  async run(signal: AbortSignal | undefined): Promise<BuildReport> {
    const flags = this.#flags;
    const baseReference = parseReference(flags.base);
    const explicitPush = flags.push === undefined ? undefined : pushReference(flags.push);
    // The registry is asked while the files are read; what it answers is awaited once the pool is rendered.
    const early = explicitPush === undefined ? undefined : this.#builder.ask(baseReference, explicitPush);

    await turn();
    const manifests = await this.#time('read', async () =>
      decodeManifests(await unlessAborted(signal, readInputFiles(flags.filename))),
    );
    // One for the answer about the base, one for the connection over which the push's tag is asked for then.
    await turn();
    await turn();
    for (const { kind, name } of manifests.others) {
      if (!manifests.buildInputs.isInput(flags.pool, kind, name))
        this.#say(`note: ${kind} ${JSON.stringify(name)} is passed over`);
    }
    Object.assign(this.#inputs, manifests.buildInputs.read(flags.pool, this.#inputs));
    const rendered = await this.#time('render', () =>
      Promise.resolve(renderPool(manifests, flags.pool, flags.base, this.#extensions)),
    );
    const osConfig = manifests.osConfigs.find(
      (candidate) => candidate.spec.machineConfigPool.name === flags.pool,
    );
    const wishFor = async (architecture: string): Promise<CustomisationWish | undefined> => {
      const catalogue = extensionCatalogue(this.#extensions);
      const wish = await containerWish(rendered.machineConfig, osConfig, architecture, catalogue);
      if (wish === undefined || !flags.dryRun) return wish;
      throw new CliError(
        'input',
        'cannot tell without building what a container build makes: leave --dry-run out',
      );
    };
    // Once more when it is known what the base is for; a text that is none is refused before anything is asked.
    const named =
      flags.arch === 'all' ? undefined : flags.arch?.split(',').map((name) => name.split('/')[0] ?? '');
    await refuseEarly(named, wishFor);

    const push = explicitPush ?? pushFromPool(manifests, flags.pool);
    const osImageURL = rendered.machineConfig.spec.osImageURL ?? flags.base;
    const asked =
      early !== undefined && osImageURL === flags.base
        ? early
        : this.#builder.ask(readOsImageURL(manifests, osImageURL), push);
    // Now that it has been read: what is no reference may hold a password.
    if (osImageURL !== flags.base)
      this.#say(`note: the base is ${osImageURL}, which a MachineConfig's osImageURL sets over --base`);
    const [found] = await Promise.all([asked.base, asked.current]);
    refuseOtherArchitecture(found, flags.arch);
    const built = await this.#finish(manifests, asked, rendered, wishFor);
    return this.#report(push, rendered, built);
  }

  /** Waits until nothing that was begun is under way; what failed has been told or does not matter. */
  async settled(): Promise<void> {
    await this.#builder.settled();
  }

  async #finish(
    manifests: Manifests,
    asked: AskedBuild,
    rendered: Rendered,
    wishFor: (architecture: string) => Promise<CustomisationWish | undefined>,
  ): Promise<BuiltImage> {
    const { pool, compression } = this.#flags;
    try {
      return await this.#builder.finish(asked, { pool, rendered, compression, wishFor });
    } catch (error) {
      return withPlaces(manifests, () => {
        throw error;
      });
    }
  }

  #report(push: Reference, rendered: Rendered, { base, images, pushed, warnings }: BuiltImage): BuildReport {
    const { requests, sent, received } = this.#registry.traffic;
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
      warnings,
    };
    for (const line of summaryLines(report)) this.#say(line);
    return report;
  }

  #events(progress: ProgressLine): BuilderEvents {
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
      onWarning: (warning) => this.#say(`warning: ${warning}`),
      onStep: (step, milliseconds) => this.#steps.push({ step, milliseconds }),
    };
  }

  async #time<T>(step: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.#steps.push({ step, milliseconds: performance.now() - start });
    return result;
  }
}

/** What a container build is told of this machine's proxies. */
function proxiesOf(variables: Environment['variables']): Readonly<Record<string, string | undefined>> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.map((name) => [name, variables[name]]));
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
