import { readFile } from 'node:fs/promises';
import {
  chosenArguments,
  findCompetitors,
  type Deployment,
  HostError,
  type HostRunner,
  type HostStatus,
  kernelArgumentsOf,
  type LastFinalization,
  planKernelArguments,
  readImageArguments,
  readLastFinalization,
  splitKernelArguments,
  Systemctl,
  withImageArguments,
} from '../host/index.ts';
import { PROVENANCE_PATH, readProvenanceMap } from '../osbuild/index.ts';
import { isJsonObject } from '../schema/index.ts';
import type { BootedImageFacts, HostView, KernelArgumentDifference } from './host-view.ts';

const NO_DIFFERENCE: KernelArgumentDifference = { missing: [], surplus: [] };

/** Where the image configuration is kept with the commit of an image, by bootc and rpm-ostree (host-contract §3.1). */
const IMAGE_CONFIG = 'ostree.container.image-config';
const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';

/** Milliseconds after which it is looked again who else updates the host. */
const COMPETITORS_AGE = 3_600_000;

/** Milliseconds for one command that only reads. */
const DEADLINE = 60_000;

/** What is read of a host beside the status of its deployments; what only a boot changes is read once per boot. */
export class HostFacts {
  readonly #host: HostRunner;
  #boot:
    | { readonly key: string; readonly finalization: LastFinalization; readonly image: BootedImageFacts }
    | undefined;
  #competitors: { readonly key: string; readonly at: number; readonly names: readonly string[] } | undefined;

  readonly #softReboots: boolean;

  /** @param softReboots the host's user space can begin anew without its kernel, and its boot id with it (host-contract §7.1) */
  constructor(host: HostRunner, softReboots = false) {
    this.#host = host;
    this.#softReboots = softReboots;
  }

  /** @throws {HostError} `aborted`, or `unreadable` for a file that is not what it should be */
  async read(status: HostStatus, signal: AbortSignal): Promise<Omit<HostView, 'status' | 'abilities'>> {
    const kernel = (await this.#file('/proc/sys/kernel/random/boot_id')).trim();
    const bootId = this.#softReboots ? `${kernel} ${await this.#userSpace(signal)}` : kernel;
    const key = `${bootId} ${status.booted?.checksum ?? ''}`;
    if (this.#boot?.key !== key) {
      const finalization = await readLastFinalization(this.#host, { signal });
      this.#boot = { key, finalization, image: await this.#image(status.booted, signal) };
    }
    const { finalization, image } = this.#boot;
    const competitors = await this.#competing(key, signal);
    const booted = await this.#difference(status);
    // Whoever stages an image gives it its arguments, and looks again before it is let go.
    return {
      bootId,
      image,
      competitors,
      lastFinalization: finalization,
      kernelArguments: { booted, staged: NO_DIFFERENCE },
    };
  }

  /** A person may enable one at any time, and seldom does. */
  async #competing(key: string, signal: AbortSignal): Promise<readonly string[]> {
    const known = this.#competitors;
    const now = performance.now();
    if (known?.key === key && now - known.at < COMPETITORS_AGE) return known.names;
    const names = (await findCompetitors(new Systemctl(this.#host), signal)).map(({ name }) => name);
    this.#competitors = { key, at: now, names };
    return names;
  }

  /** When the user space began, in microseconds after the kernel: every soft reboot has a time of its own. */
  async #userSpace(signal: AbortSignal): Promise<string> {
    const args = ['show', '--property=UserspaceTimestampMonotonic'];
    const { stdout } = await this.#host.run({ tool: 'systemctl', args, deadline: DEADLINE }, signal);
    const began = /^UserspaceTimestampMonotonic=(?<began>\d+)$/mu.exec(stdout)?.groups?.['began'];
    if (began !== undefined) return began;
    throw new HostError(
      'unreadable',
      'cannot tell when the user space of the host began: systemctl does not say it',
    );
  }

  async #difference({ booted, rollback }: HostStatus): Promise<KernelArgumentDifference> {
    if (booted === undefined || booted.composefs) return NO_DIFFERENCE;
    const line = await this.#commandLine(booted);
    const before = rollback === undefined ? undefined : await readImageArguments(this.#host, rollback);
    const change = withImageArguments(undefined, before, await readImageArguments(this.#host, booted));
    const { append, remove } = planKernelArguments(line, change);
    return { missing: append, surplus: remove };
  }

  /** A kernel that did not boot this host, as a container's, has nothing to say about it: its boot entry does. */
  async #commandLine(booted: Deployment): Promise<readonly string[]> {
    const line = await this.#file('/proc/cmdline');
    if (splitKernelArguments(line).some((argument) => argument.startsWith('ostree='))) {
      return chosenArguments(line.trim());
    }
    return (await kernelArgumentsOf(this.#host, booted)) ?? [];
  }

  async #image(booted: Deployment | undefined, signal: AbortSignal): Promise<BootedImageFacts> {
    const contents = await readFile(`${this.#host.root}${PROVENANCE_PATH}`).catch(() => undefined);
    const provenance = contents === undefined ? undefined : readProvenanceMap(contents);
    if (provenance === undefined) return { config: undefined, base: undefined };
    return { config: provenance.renderedConfig, base: await this.#base(booted, signal) };
  }

  /** The labels of the image say what it was made from; undefined where no tool kept them. */
  async #base(booted: Deployment | undefined, signal: AbortSignal): Promise<string | undefined> {
    if (booted?.checksum === undefined) return undefined;
    const args = ['show', `--print-metadata-key=${IMAGE_CONFIG}`, booted.checksum];
    let text: string;
    try {
      const { status, stdout } = await this.#host.run({ tool: 'ostree', args, deadline: DEADLINE }, signal);
      if (status !== 0) return undefined;
      text = stdout;
    } catch (error) {
      if (error instanceof HostError && error.code !== 'aborted') return undefined;
      throw error;
    }
    const labels = labelsOf(text);
    const name = labels[BASE_NAME];
    const digest = labels[BASE_DIGEST];
    if (typeof name !== 'string' || typeof digest !== 'string') return undefined;
    return `${name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')}@${digest}`;
  }

  async #file(path: string): Promise<string> {
    try {
      return await readFile(`${this.#host.root}${path}`, 'utf8');
    } catch (cause) {
      throw new HostError('unreadable', `cannot read ${path} of the host`, { cause, field: path });
    }
  }
}

/** Of an image configuration, printed as a GVariant's text: a string in quotes, with its backslashes doubled. */
function labelsOf(text: string): Readonly<Record<string, unknown>> {
  const quoted = /^(['"])(.*)\1\s*$/s.exec(text)?.[2];
  try {
    const value: unknown = JSON.parse((quoted ?? '').replaceAll(/\\(.)/gs, '$1'));
    const config = isJsonObject(value) ? value['config'] : undefined;
    const labels = isJsonObject(config) ? config['Labels'] : undefined;
    return isJsonObject(labels) ? labels : {};
  } catch {
    return {};
  }
}
