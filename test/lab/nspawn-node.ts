import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { registryImages } from '../../src/agent/index.ts';
import {
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  STATE_ANNOTATION,
} from '../../src/api/index.ts';
import { createNspawnMachine, type MachineBoot, type NspawnMachine } from '../../src/embedded/index.ts';
import { KubeClient, loadKubeconfig, type KubeObject, resourceType } from '../../src/kube/index.ts';
import { openRegistry, type RegistryClient } from '../../src/oci/index.ts';
import { run, type RunResult } from './run.ts';
import { until } from './until.ts';
import { VarveProcess } from './varve-process.ts';

const NODES = resourceType<KubeObject & { spec?: { unschedulable?: boolean } }>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

export interface NspawnNodeOptions {
  readonly name: string;
  readonly folder: string;
  /** `HOST/REPOSITORY@DIGEST` that is installed. */
  readonly image: string;
  readonly registry: string;
  readonly kubeconfig: string;
}

/**
 * A Node of a real machine: its Node object, its agent as the process that a user starts, anew at every boot, and somebody who
 * drains it when the test permits that.
 */
export class NspawnNode {
  readonly machine: NspawnMachine;
  /** While false nobody drains the node. */
  drains = true;
  /** Every boot so far. */
  readonly boots: MachineBoot[] = [];
  readonly #options: NspawnNodeOptions;
  readonly #client: KubeClient;
  readonly #registry: RegistryClient;
  readonly #over = new AbortController();
  #agent: VarveProcess | undefined;
  #drainer: Promise<void> | undefined;
  /** What agents of earlier boots have said. */
  #said = '';

  private constructor(options: NspawnNodeOptions, client: KubeClient, registry: RegistryClient) {
    this.#options = options;
    this.#client = client;
    this.#registry = registry;
    const { name, folder, image } = options;
    this.machine = createNspawnMachine({ name, folder, image, images: registryImages(registry) });
  }

  /** Installs the machine, boots it, and creates its Node. */
  static async start(options: NspawnNodeOptions): Promise<NspawnNode> {
    const client = new KubeClient({ access: await loadKubeconfig([options.kubeconfig]) });
    const registry = openRegistry({ plainHttp: [options.registry] });
    const node = new NspawnNode(options, client, registry);
    await client.create(NODES, { metadata: { name: options.name } });
    await node.switchOn();
    node.#drainer = node.#drain();
    return node;
  }

  get agent(): VarveProcess {
    if (this.#agent === undefined) throw new Error('no agent runs');
    return this.#agent;
  }

  /** All that its agents have said. */
  get log(): string {
    return `${this.#said}${this.#agent?.stderr ?? ''}`;
  }

  async switchOn(): Promise<void> {
    await this.machine.start({
      booted: (boot) => {
        this.boots.push(boot);
        this.startAgent();
      },
      down: () => this.killAgent(),
    });
  }

  /** As the kubelet does at each boot. */
  startAgent(): void {
    this.killAgent();
    const { name, kubeconfig, registry } = this.#options;
    const boot = this.boots.at(-1);
    this.#agent = new VarveProcess(
      ['agent', '--node', name, '--kubeconfig', kubeconfig, '--insecure-registry', registry].concat(
        boot?.agentArguments ?? [],
      ),
      boot?.agentEnvironment,
    );
  }

  killAgent(): void {
    const agent = this.#agent;
    this.#agent = undefined;
    this.#said += agent?.stderr ?? '';
    agent?.child.kill('SIGKILL');
  }

  async desire(image: string, config: string): Promise<void> {
    await this.#annotate({ [DESIRED_IMAGE_ANNOTATION]: image, [DESIRED_CONFIG_ANNOTATION]: config });
  }

  async annotations(): Promise<Readonly<Record<string, string>>> {
    const node = await this.#client.get(NODES, { namespace: '', name: this.#options.name });
    return node.metadata.annotations ?? {};
  }

  /** Until it says that it runs what it is to run, in the boot of that number, and serves again. */
  async done(config: string, seconds = 60): Promise<void> {
    await this.says(`is Done with ${config}`, seconds, (annotations) => {
      const isDone = annotations[STATE_ANNOTATION] === 'Done';
      const isServing = annotations[DESIRED_DRAIN_ANNOTATION] === annotations[LAST_APPLIED_DRAIN_ANNOTATION];
      return isDone && isServing && annotations['machineconfiguration.openshift.io/currentConfig'] === config;
    });
  }

  /** Until it has asked for its drain: all is there that can be there before. */
  async waitsForDrain(config: string, seconds = 60): Promise<void> {
    await this.says(`asks for its drain for ${config}`, seconds, (annotations) => {
      return annotations[DESIRED_DRAIN_ANNOTATION] === `drain-${config}`;
    });
    await until('it is staged and locked', async () => {
      return (await this.run('test', '-e', '/run/ostree/staged-deployment-locked')).status === 0;
    });
  }

  async says(
    what: string,
    seconds: number,
    holds: (annotations: Readonly<Record<string, string>>) => boolean,
  ): Promise<void> {
    let last: Readonly<Record<string, string>> = {};
    try {
      await until(
        `${this.#options.name} ${what}`,
        async () => holds((last = await this.annotations())),
        seconds,
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${JSON.stringify(last, undefined, 1)}\n${this.log}`, {
        cause: error,
      });
    }
  }

  /** Runs a command on it. */
  run(tool: string, ...args: readonly string[]): Promise<RunResult> {
    const enter = [`--target=${this.machine.init}`, '--mount', '--pid', '--'];
    return run('nsenter', [...enter, tool, ...args], { accept: [0, 1, 3, 4] });
  }

  /** The text of a file of it; undefined where there is none. */
  read(path: string): Promise<string | undefined> {
    return readFile(this.#at(path), 'utf8').catch(() => undefined);
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(this.#at(path), text);
  }

  /** Of a file, as `0600 1000:1000`. */
  async permissions(path: string): Promise<string> {
    const { mode, uid, gid } = await stat(this.#at(path));
    return `${(mode & 0o7777).toString(8).padStart(4, '0')} ${uid}:${gid}`;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#drainer;
    this.killAgent();
    await this.machine.erase();
    await this.#client.close();
    this.#registry.close();
  }

  /** Paths on a machine may lead through its own symbolic links, as /root: those of the test do not. */
  #at(path: string): string {
    return join(`/proc/${this.machine.init}/root`, path);
  }

  async #annotate(annotations: Readonly<Record<string, string>>, more: object = {}): Promise<void> {
    const patch = { metadata: { annotations }, ...more };
    await this.#client.patch(NODES, { namespace: '', name: this.#options.name }, { type: 'merge', patch });
  }

  /** Cordons and uncordons as it is asked to (contract §3.9); there are no pods. */
  async #drain(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const annotations = await this.annotations();
      const wish = annotations[DESIRED_DRAIN_ANNOTATION];
      const isNew = wish !== undefined && wish !== annotations[LAST_APPLIED_DRAIN_ANNOTATION];
      if (isNew && (this.drains || wish.startsWith('uncordon-'))) {
        const spec = { unschedulable: wish.startsWith('drain-') };
        await this.#annotate({ [LAST_APPLIED_DRAIN_ANNOTATION]: wish }, { spec });
      }
      await sleep(20, undefined, { signal }).catch(() => {});
    }
  }
}
