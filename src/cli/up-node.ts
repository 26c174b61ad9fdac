import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type MachineBoot,
  type MachineListener,
  type NodeMachine,
  StandInKubelet,
} from '../embedded/index.ts';
import { KubeClient, loadKubeconfig, systemClock } from '../kube/index.ts';
import { type Environment, machineArchitecture } from './environment.ts';
import { programOf } from './process-flags.ts';
import { moveLargeLog, SupervisedProcess } from './supervised-process.ts';

export interface UpNodeOptions {
  readonly machine: NodeMachine;
  /** The node's own, made if it is missing: its kubeconfigs, the log of its agent. */
  readonly directory: string;
  /** Texts of kubeconfigs: the kubelet's, and the agent's. */
  readonly kubeconfigs: { readonly kubelet: string; readonly agent: string };
  /** Of `varve agent`, whatever the machine. */
  readonly agentArguments: readonly string[];
  readonly environment: Environment;
  /** What a person at the terminal should see. */
  readonly say: (line: string) => void;
}

/** A machine has so long to shut down before its power is cut; milliseconds. */
const LONGEST_SHUTDOWN = 30_000;

/** One node of `varve up`: its machine, what stands in for its kubelet, and an agent for each boot. */
export class UpNode implements MachineListener {
  readonly name: string;
  readonly #options: UpNodeOptions;
  readonly #client: KubeClient;
  readonly #kubelet: StandInKubelet;
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #agent: SupervisedProcess | undefined;
  /** Agents of earlier boots that are not quite gone. */
  #ends: Promise<void> = Promise.resolve();
  #isCutOff = false;

  private constructor(options: UpNodeOptions, client: KubeClient) {
    this.#options = options;
    this.#client = client;
    this.name = options.machine.name;
    this.#kubelet = new StandInKubelet({
      client,
      node: this.name,
      architecture: machineArchitecture(),
      clock: systemClock,
      report: (message) => options.say(`warning: ${message}`),
    });
  }

  /** Makes what the node needs on this machine; it is off. */
  static async open(options: UpNodeOptions): Promise<UpNode> {
    const { directory, kubeconfigs } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const kubeconfig = join(directory, 'kubelet.kubeconfig');
    await writeFile(kubeconfig, kubeconfigs.kubelet, { mode: 0o600 });
    await writeFile(join(directory, 'agent.kubeconfig'), kubeconfigs.agent, { mode: 0o600 });
    await moveLargeLog(join(directory, 'log'));
    const client = new KubeClient({ access: await loadKubeconfig([kubeconfig]), userAgent: 'varve-node' });
    return new UpNode(options, client);
  }

  /** The log of its agents. */
  get log(): string {
    return join(this.#options.directory, 'log');
  }

  /** The process of its agent; undefined while it is down. */
  get agent(): number | undefined {
    return this.#agent?.pid;
  }

  /** Switches it on. A machine that cannot boot is a node that is not ready: the others go on. */
  async start(): Promise<void> {
    this.#running = this.#kubelet.run(this.#ending.signal);
    try {
      await this.#options.machine.start(this);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.say(`warning: node ${this.name} is not up: ${why}`);
    }
  }

  booted(boot: MachineBoot): void {
    this.#kubelet.booted(boot);
    const { directory, agentArguments, environment, say } = this.#options;
    const { program, environment: own } = programOf('agent', environment.program);
    this.#agent = SupervisedProcess.start({
      name: `the agent of ${this.name}`,
      log: this.log,
      command: [
        ...program,
        'agent',
        `--kubeconfig=${join(directory, 'agent.kubeconfig')}`,
        `--node=${this.name}`,
        '--end-with-stdin',
        ...agentArguments,
        ...boot.agentArguments,
      ],
      environment: { ...environment.variables, ...own, ...boot.agentEnvironment },
      say: (line) => say(line.replace(/^(warning|error): /u, `$1: ${this.name}: `)),
    });
  }

  down(): void {
    this.#kubelet.down(!this.#isCutOff);
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent !== undefined) this.#ends = Promise.all([this.#ends, agent.kill()]).then(() => undefined);
  }

  failed(why: string): void {
    this.#options.say(`warning: node ${this.name} is down and stays down: ${why}`);
  }

  /** Shuts it down in order: what is staged and let go is finalized, and boots at the next start. */
  async close(): Promise<void> {
    const { machine, say } = this.#options;
    // Before the machine: an agent that is told to end leaves its journal as it should be.
    await this.#agent?.close();
    const stopped = machine.stop().catch((error: unknown) => {
      say(`warning: node ${this.name} does not shut down: ${String(error)}`);
    });
    const late = setTimeout(() => {
      say(`warning: node ${this.name} takes long to shut down; its power is cut`);
      this.#isCutOff = true;
      void machine.cutPower().catch(() => undefined);
    }, LONGEST_SHUTDOWN);
    await stopped;
    clearTimeout(late);
    await this.#ends;
    this.#ending.abort();
    await this.#running;
    await this.#client.close();
  }
}
