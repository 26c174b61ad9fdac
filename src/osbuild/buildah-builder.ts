import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LineSplitter } from '../host/index.ts';
import { type AuthSource, type Digest, formatReference, parseDigest } from '../oci/index.ts';
import { endGroup, isOnPath, spawnBound } from './bound-process.ts';
import { BuilderFile, mountFolder, writeBuilderFolder } from './builder-folder.ts';
import { builtLayers } from './built-layers.ts';
import type { ContainerBuilder, ContainerBuildRequest } from './container-builder.ts';
import { BuilderOutput, containerBuildError } from './container-failure.ts';
import { OsBuildError } from './osbuild-error.ts';
import { openPackageCaches, type SharedFolder } from './package-caches.ts';
import { refuseLeaks } from './secret-leaks.ts';
import { redaction } from './secret-redaction.ts';
import { proxySecrets, type SecretValue, secretValues } from './secret-values.ts';
import { graphRoot, type StoreDriver, storeDriver, VFS_COSTS } from './store-driver.ts';
import { takeTurn } from './store-turn.ts';

export interface BuildahOptions {
  /** Where it has images while it builds; made if it is missing. On a file system that overlayfs can stand on. */
  readonly storage: string;
  /** As GOARCH names it. */
  readonly architecture: string;
  /** Asked for each repository that a build needs; it gets no other credentials. */
  readonly auth: AuthSource;
  /** Registries that may be without TLS; those on this machine always may. */
  readonly insecureRegistries: readonly string[];
  /** PEM of authorities that vouch for registries, besides the system's. */
  readonly certificateAuthorities: readonly string[];
  /** Where buildah and what it starts are looked for, as PATH. */
  readonly path: string;
  /** Where the packages of earlier builds of the pool are, for later ones; made if it is missing. Default: each build downloads its own. */
  readonly packageCache?: string;
}

/** What a build makes, in its store. */
const IMAGE = 'localhost/varve:build';
/** How long a builder that was told to end may take, in milliseconds. */
const GRACE = 5000;

/**
 * buildah as a process of this machine, with a store of its own (build-lab §2): native overlay where it can be, isolation by chroot, the network of the
 * machine. It needs root.
 */
export class BuildahBuilder implements Pick<ContainerBuilder, 'build'> {
  readonly #options: BuildahOptions;

  constructor(options: BuildahOptions) {
    this.#options = options;
  }

  async build(request: ContainerBuildRequest): Promise<Digest> {
    const { storage, path } = this.#options;
    const { signal, say } = request;
    if (!(await isOnPath('buildah', path))) throw missing();
    const builds = join(storage, 'tmp');
    await mkdir(builds, { recursive: true, mode: 0o700 }).catch(refuseStorage(storage));
    const release = await takeTurn(storage, signal, () =>
      say('note: another container build is under way on this machine: this one waits for it'),
    );
    if (release === undefined) throw stopped();
    try {
      return await this.#build(builds, request);
    } finally {
      release();
    }
  }

  async #build(builds: string, request: ContainerBuildRequest): Promise<Digest> {
    const { storage, path } = this.#options;
    // What builds have left that were killed.
    for (const name of await readdir(builds)) await removeFolder(join(builds, name));
    const folder = await mkdtemp(join(builds, 'build-')).catch(refuseStorage(storage));
    try {
      const driver = await storeDriver(folder, path).catch(refuseStorage(storage));
      if (driver === 'vfs') request.say(VFS_COSTS);
      await writeBuilderFolder({ ...this.#options, folder, driver }, request).catch(refuseStorage(storage));
      const { packageCache } = this.#options;
      const caches =
        packageCache === undefined
          ? []
          : await openPackageCaches(packageCache).catch(refuseStorage(packageCache));
      // Their containers are mounted.
      await this.#quietly(folder, ['rm', '--all']);
      const secrets = [...secretValues(request.mounts), ...proxySecrets(request.proxyEnvironment)];
      const hidden = { ...request, redact: redaction(secrets) };
      const pushed = formatReference(request.push);
      await this.#run(folder, bud(folder, request, caches, this.#flags(folder, BuilderFile.policy)), hidden);
      await this.#refuseLeaks(folder, driver, secrets, request.signal);
      const file = join(folder, 'digest');
      const flags = this.#flags(folder, BuilderFile.pushPolicy);
      await this.#run(folder, push(request, [...flags, `--digestfile=${file}`]), { ...hidden, pushed });
      return parseDigest((await readFile(file, 'utf8').catch(refuseStorage(storage))).trim());
    } finally {
      await this.#remove(folder);
    }
  }

  /** Before anybody else can see what was made. */
  async #refuseLeaks(
    folder: string,
    driver: StoreDriver,
    secrets: readonly SecretValue[],
    signal: AbortSignal,
  ): Promise<void> {
    if (secrets.length === 0) return;
    const description: Buffer[] = [];
    const take = (stream: OutputStream): OutputSink => ({
      add: (chunk) => {
        if (stream === 'stdout') description.push(chunk);
      },
      end: () => undefined,
    });
    const ended = await this.#spawn(folder, ['inspect', '--type=image', IMAGE], {}, take);
    if (ended !== 'exit status 0') {
      throw new OsBuildError(
        'builder-storage',
        `cannot tell whether a secret is in what the container build made: buildah inspect ended with ${ended}`,
        { retryable: true },
      );
    }
    const layers = await builtLayers(graphRoot(this.#options.storage, driver), driver, IMAGE);
    await refuseLeaks(secrets, layers, Buffer.concat(description).toString(), signal).catch(
      (error: unknown) => {
        throw signal.aborted ? stopped() : error;
      },
    );
  }

  /** How registries and images are trusted. */
  #flags(folder: string, policyFile: string): readonly string[] {
    const policy = `--signature-policy=${join(folder, policyFile)}`;
    if (this.#options.certificateAuthorities.length === 0) return [policy];
    return [policy, `--cert-dir=${join(folder, BuilderFile.certificates)}`];
  }

  async #run(folder: string, args: readonly string[], request: RedactedRequest): Promise<void> {
    const { signal, say, assembled, proxyEnvironment, redact, pushed } = request;
    const output = new BuilderOutput();
    const take = (said: string): void => {
      const line = redact(said);
      output.take(line);
      say(line);
    };
    const options = { signal, environment: proxyEnvironment };
    const ended = await this.#spawn(folder, args, options, () => new LineSplitter(take));
    if (signal.aborted) throw stopped();
    if (ended === 'exit status 0') return;
    const failed = { assembled, output: output.lines, ended };
    throw containerBuildError(pushed === undefined ? failed : { ...failed, pushed });
  }

  /** How a process ended; never before all that it started has. */
  #spawn(
    folder: string,
    args: readonly string[],
    { signal, environment = {} }: SpawnOptions,
    sink: (stream: OutputStream) => OutputSink,
  ): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const drops = `--registries-conf-dir=${join(folder, BuilderFile.registriesMore)}`;
    // A process group: what runs in the build ends with it.
    const child = spawnBound('buildah', [drops, ...args], {
      cwd: folder,
      env: {
        ...environment,
        PATH: this.#options.path,
        LC_ALL: 'C',
        HOME: folder,
        TMPDIR: folder,
        CONTAINERS_STORAGE_CONF: join(folder, BuilderFile.storage),
        CONTAINERS_REGISTRIES_CONF: join(folder, BuilderFile.registries),
        REGISTRY_AUTH_FILE: join(folder, BuilderFile.auth),
      },
    });
    const kill = (how: NodeJS.Signals): void => endGroup(child.pid, how);
    let force: NodeJS.Timeout | undefined;
    const stop = (): void => {
      kill('SIGTERM');
      force = setTimeout(() => kill('SIGKILL'), GRACE);
    };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    for (const name of ['stdout', 'stderr'] as const) {
      const taker = sink(name);
      child[name].on('data', (chunk: Buffer) => taker.add(chunk)).once('end', () => taker.end());
    }
    child.once('error', reject);
    child.once('close', (status, by) => resolve(by === null ? `exit status ${status}` : `signal ${by}`));
    return promise.finally(() => {
      clearTimeout(force);
      signal?.removeEventListener('abort', stop);
    });
  }

  /** What this build made and what it stood on are in registries: nothing stays, since a base has gigabytes. */
  async #remove(folder: string): Promise<void> {
    // One that was told to end has left its container mounted.
    await this.#quietly(folder, ['rm', '--all']);
    await this.#quietly(folder, ['rmi', '--all', '--force']);
    await removeFolder(folder);
  }

  /** What it is for is done by the next build if it fails now. */
  async #quietly(folder: string, args: readonly string[]): Promise<void> {
    const ignore = (): void => undefined;
    await this.#spawn(folder, args, {}, () => ({ add: ignore, end: ignore })).catch(ignore);
  }
}

interface RedactedRequest extends ContainerBuildRequest {
  /** Takes out of a line what its commands have printed of secrets. */
  readonly redact: (line: string) => string;
  /** What is pushed; absent: it is built. */
  readonly pushed?: string;
}

type OutputStream = 'stdout' | 'stderr';

/** Takes one of the streams of a process. */
interface OutputSink {
  add(chunk: Buffer): void;
  end(): void;
}

interface SpawnOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The credentials first, whatever keeps the rest from going: a mount that a killed builder has left is in nobody's way. */
async function removeFolder(folder: string): Promise<void> {
  const ignore = (): void => undefined;
  await rm(join(folder, BuilderFile.auth), { force: true }).catch(ignore);
  await rm(join(folder, BuilderFile.mounts), { recursive: true, force: true }).catch(ignore);
  await rm(folder, { recursive: true, force: true }).catch(ignore);
}

function stopped(): OsBuildError {
  return new OsBuildError('command-failed', 'cannot build the image: the build was stopped', {
    retryable: true,
  });
}

function bud(
  folder: string,
  { mediaFamily, proxyEnvironment, mounts }: ContainerBuildRequest,
  caches: readonly SharedFolder[],
  flags: readonly string[],
): readonly string[] {
  const shared = mounts.map(({ path }, at) => ({ source: join(folder, mountFolder(at)), path }));
  return [
    'bud',
    ...flags,
    `--format=${mediaFamily}`,
    // One layer for each stage: what a build makes is kept whole, or not at all (architecture D3).
    '--layers=false',
    '--isolation=chroot',
    '--network=host',
    '--identity-label=false',
    // What a build that fails leaves behind would stay mounted.
    '--force-rm',
    // Their values are in its environment: a password in one is not for everybody who can list processes.
    ...Object.keys(proxyEnvironment).map((name) => `--build-arg=${name}`),
    // As the reference system has them (contract §4.5): what commands write there is for the commands after them.
    ...[...shared, ...caches].map(({ source, path }) => `--volume=${source}:${path}:rw,z`),
    `--tag=${IMAGE}`,
    `--file=${join(folder, BuilderFile.containerfile)}`,
    join(folder, BuilderFile.context),
  ];
}

function push(request: ContainerBuildRequest, flags: readonly string[]): readonly string[] {
  return [
    'push',
    ...flags,
    `--format=${request.mediaFamily === 'docker' ? 'v2s2' : 'oci'}`,
    '--quiet',
    IMAGE,
    `docker://${formatReference(request.push)}`,
  ];
}

function refuseStorage(storage: string): (cause: unknown) => never {
  return (cause) => {
    // Not what an auth file is made of.
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    const why = cause.message;
    throw new OsBuildError('builder-storage', `cannot use ${storage} for container builds: ${why}`, {
      cause,
      retryable: true,
    });
  };
}

function missing(): OsBuildError {
  const message = 'cannot build the image in a container: there is no buildah on this machine; install it';
  return new OsBuildError('no-builder', message);
}
