import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Arguments, run, type RunOptions, type RunResult } from './run.ts';
import { unmountBelow } from './unmount.ts';

/** How the peer starts its tools; the benchmark puts its stopwatch here. */
export type Runner = (command: string, args: Arguments, options: RunOptions) => Promise<RunResult>;

export interface PeerBuild {
  /** Fully qualified, on a plain-HTTP registry. */
  readonly base: string;
  readonly push: string;
  readonly pool: string;
  /** A rendered MachineConfig as JSON; its `spec.config` is Ignition of at most 3.3 (Debian's Ignition is 2.14). */
  readonly machineConfig: string;
  /** The name that the image's labels carry. */
  readonly name: string;
  /**
   * The administrator's Containerfile, which comes last and begins with the stage `configs`. Of here-documents only those of RUN with
   * one simple command on each line.
   */
  readonly containerfile?: string;
}

/**
 * The reference system's build of a pool's image, by real buildah and real Ignition: the stages of its Containerfile
 * as contract §4.6 describes them, the administrator's own last. Left out is what the base could not answer and only costs time: extensions,
 * update-ca-trust and the usbguard workaround. Native overlay and `--layers` are what buildah does best here
 * (build-lab §2); the reference itself uses vfs and starts from an empty store each time.
 */
export class BuildahPeer {
  readonly #root: string;
  readonly #run: Runner;

  private constructor(root: string, runner: Runner) {
    this.#root = root;
    this.#run = runner;
  }

  /** A peer with an empty store of its own below `parent`. Needs root. */
  static async open(parent: string = tmpdir(), runner: Runner = run): Promise<BuildahPeer> {
    const root = await mkdtemp(join(parent, 'varve-buildah-'));
    await mkdir(join(root, 'tmp'));
    await mkdir(join(root, 'context'));
    await writeFile(
      join(root, 'storage.conf'),
      `[storage]\ndriver = "overlay"\ngraphroot = "${root}/graph"\nrunroot = "${root}/run"\n`,
    );
    // Of its own, so that a host's mirrors and policies stay out of what is compared.
    await writeFile(join(root, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
    await writeFile(join(root, 'registries.conf'), '');
    return new BuildahPeer(root, runner);
  }

  /** Change to pushed image, as the reference does it: build, then push. Answers the pushed digest. */
  async buildAndPush(build: PeerBuild): Promise<string> {
    const context = await this.#writeContext(build);
    const policy = ['--signature-policy', join(this.#root, 'policy.json')];
    await this.buildah([
      ['bud', ...policy, '--layers', '--isolation', 'chroot', '--network', 'host', '--tls-verify=false'],
      ['--tag', 'localhost/peer:latest', '--file', join(context, 'Containerfile'), context],
    ]);
    const digestFile = join(this.#root, 'digest');
    await this.buildah([
      ['push', ...policy, '--tls-verify=false', '--digestfile', digestFile],
      ['localhost/peer:latest', `docker://${build.push}`],
    ]);
    return (await readFile(digestFile, 'utf8')).trim();
  }

  /** Any other buildah command on the same store. */
  buildah(args: Arguments): Promise<RunResult> {
    return this.#run('buildah', args, { env: this.#environment });
  }

  /** Empties the store, as a new build pod finds it. */
  async empty(): Promise<void> {
    // A build that failed leaves its container mounted.
    await unmountBelow(this.#root);
    await rm(join(this.#root, 'graph'), { recursive: true, force: true });
    await rm(join(this.#root, 'run'), { recursive: true, force: true });
  }

  /** Empties and removes the store. */
  async close(): Promise<void> {
    await this.empty();
    await rm(this.#root, { recursive: true, force: true });
  }

  get #environment(): Record<string, string> {
    return {
      CONTAINERS_REGISTRIES_CONF: join(this.#root, 'registries.conf'),
      CONTAINERS_STORAGE_CONF: join(this.#root, 'storage.conf'),
      HOME: this.#root,
      TMPDIR: join(this.#root, 'tmp'),
    };
  }

  async #writeContext(build: PeerBuild): Promise<string> {
    const context = join(this.#root, 'context');
    const encoded = gzipSync(build.machineConfig, { level: 9 }).toString('base64');
    await writeFile(join(context, 'machineconfig.json.gz'), encoded);
    await writeFile(join(context, 'Containerfile'), containerfile(build));
    return context;
  }
}

const CURRENT = '/etc/machine-config-daemon/currentconfig';
const IGNITION = '/usr/lib/dracut/modules.d/30ignition/ignition';

function containerfile({ base, pool, name, containerfile: own = '' }: PeerBuild): string {
  return `FROM ${base} AS extract
COPY machineconfig.json.gz /tmp/machineconfig.json.gz
RUN mkdir -p /etc/machine-config-daemon && base64 -d /tmp/machineconfig.json.gz | gunzip > ${CURRENT}
FROM ${base} AS configs
COPY --from=extract ${CURRENT} ${CURRENT}
RUN bash -c 'container=oci exec -a ignition-apply ${IGNITION} --ignore-unsupported <(jq -c .spec.config ${CURRENT})' && ostree container commit
LABEL machineconfig=${name} machineconfigpool=${pool} baseOSContainerImage=${base}
${withoutHeredocs(own)}`;
}

/** buildah knows here-documents only from 1.33 on, and Debian 12 has 1.28. */
function withoutHeredocs(text: string): string {
  return text.replaceAll(
    /^RUN <<EOF\n([^]*?)\nEOF$/gm,
    (_, script: string) => `RUN ${script.replaceAll('\n', '; ')}`,
  );
}
