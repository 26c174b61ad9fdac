import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryImages } from '../../src/agent/index.ts';
import { createNspawnMachine, type MachineBoot, type NspawnMachine } from '../../src/embedded/index.ts';
import { openRegistry, type RegistryClient } from '../../src/oci/index.ts';
import { LabNode } from './lab-node.ts';
import { run, type RunResult } from './run.ts';
import { until } from './until.ts';
import { VarveProcess } from './varve-process.ts';

export interface NspawnNodeOptions {
  readonly name: string;
  readonly folder: string;
  /** `HOST/REPOSITORY@DIGEST` that is installed. */
  readonly image: string;
  readonly registry: string;
  readonly kubeconfig: string;
}

/** A Node of a real machine, with its agent as the process that a user starts, anew at every boot. */
export class NspawnNode {
  readonly object: LabNode;
  readonly machine: NspawnMachine;
  /** Every boot so far. */
  readonly boots: MachineBoot[] = [];
  readonly #options: NspawnNodeOptions;
  readonly #registry: RegistryClient;
  #agent: VarveProcess | undefined;
  /** What agents of earlier boots have said. */
  #said = '';

  private constructor(options: NspawnNodeOptions, object: LabNode, registry: RegistryClient) {
    this.#options = options;
    this.object = object;
    this.#registry = registry;
    const { name, folder, image } = options;
    this.machine = createNspawnMachine({ name, folder, image, images: registryImages(registry) });
    object.explain = () => `${this.#said}${this.#agent?.stderr ?? ''}`;
  }

  /** Creates its Node, installs the machine, and boots it. */
  static async start(options: NspawnNodeOptions): Promise<NspawnNode> {
    const object = await LabNode.create(options.name, options.kubeconfig);
    const node = new NspawnNode(options, object, openRegistry({ plainHttp: [options.registry] }));
    await node.switchOn();
    return node;
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
    const args = ['agent', '--node', name, '--kubeconfig', kubeconfig, '--insecure-registry', registry];
    this.#agent = new VarveProcess([...args, ...(boot?.agentArguments ?? [])], boot?.agentEnvironment);
  }

  killAgent(): void {
    const agent = this.#agent;
    this.#agent = undefined;
    this.#said += agent?.stderr ?? '';
    agent?.child.kill('SIGKILL');
  }

  /** Until it has asked for its drain, with all there that can be there before. */
  async waitsForDrain(config: string): Promise<void> {
    await this.object.asksForDrain(config);
    await until('it is staged and locked', async () => {
      const status = await this.run('ls', '/run/ostree');
      return /^staged-deployment$/m.test(status.stdout) && status.stdout.includes('-locked');
    });
  }

  /** Runs a command on it. */
  run(tool: string, ...args: readonly string[]): Promise<RunResult> {
    const enter = [`--target=${this.machine.init}`, '--mount', '--pid', '--'];
    return run('nsenter', [...enter, tool, ...args], { accept: [0, 1, 2, 3, 4] });
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
    await this.object.close();
    this.killAgent();
    await this.machine.erase();
    this.#registry.close();
  }

  /** Paths must not lead through absolute symbolic links of the machine: the test's process would follow its own. */
  #at(path: string): string {
    return join(`/proc/${this.machine.init}/root`, path);
  }
}
