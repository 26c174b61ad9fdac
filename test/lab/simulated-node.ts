import { join } from 'node:path';
import {
  Agent,
  type AgentObjects,
  DEFAULT_POLICY,
  DrivenHost,
  JournalFile,
  NodeFiles,
  type NodeObject,
  type Plan,
  PlaneMemoryFile,
  registryImages,
} from '../../src/agent/index.ts';
import type { MachineConfigNode } from '../../src/api/index.ts';
import type { MachineBoot, MachineListener, SimulatedMachine } from '../../src/embedded/index.ts';
import {
  DEADLINES,
  type DeployTool,
  type HostRunner,
  openDriver,
  probeCapabilities,
  thisHost,
} from '../../src/host/index.ts';
import type { RegistryClient } from '../../src/oci/index.ts';
import { fastClock } from './fast-clock.ts';
import type { PlacedImage } from './placed-image.ts';

const M = 'machineconfiguration.openshift.io';

/** Minutes are some hundred milliseconds; where tools are processes, which a busy machine keeps waiting, some seconds. */
const FACTOR = { inside: 400, real: 20 };

/** Where an agent's journal is to be struck: at the how many-th of its writes, before it or when it is on the disk. */
export interface JournalStrike {
  readonly write: number;
  readonly when: 'before' | 'after';
}

/**
 * A node on a simulated machine with its agent in this process: its Node is a value, and who drains it does so at once. The agent
 * dies with each boot and can be killed at any time.
 */
export class SimulatedNode implements MachineListener {
  readonly machine: SimulatedMachine;
  readonly objects: NodeValue;
  readonly plans: Plan[] = [];
  readonly troubles: string[] = [];
  /** How often it was asked to reboot. */
  reboots = 0;
  kills = 0;
  /** How often agents wrote their journals. */
  writes = 0;
  strike: JournalStrike | undefined;
  /** Whether tools are processes of their own. */
  isReal = false;
  /** Milliseconds that a status may take. */
  patience = DEADLINES.status;
  /** Which tool agents that start from now on use. */
  tool: DeployTool;
  readonly #client: RegistryClient;
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  #boot: MachineBoot | undefined;
  #isOver = false;

  constructor(machine: SimulatedMachine, tool: DeployTool, client: RegistryClient) {
    this.machine = machine;
    this.tool = tool;
    this.#client = client;
    this.objects = new NodeValue(machine.name);
  }

  booted(boot: MachineBoot): void {
    this.#boot = boot;
    const { ended } = this.#running ?? {};
    if (ended === undefined) this.start();
    else void ended.then(() => this.start());
  }

  down(): void {
    this.#boot = undefined;
    this.#running?.stop.abort();
  }

  start(): void {
    if (this.#isOver || this.#running !== undefined || this.#boot === undefined) return;
    const stop = new AbortController();
    const ended = this.#run(stop.signal)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) this.troubles.push(`the agent ended: ${String(error)}`);
      })
      .finally(() => {
        this.#running = undefined;
      });
    this.#running = { stop, ended };
  }

  /** As `kill -9`, as far as one process can be killed within another: what is under way is not finished. */
  async kill(): Promise<void> {
    const { stop, ended } = this.#running ?? {};
    if (stop !== undefined) this.kills += 1;
    stop?.abort();
    await ended;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.kill();
    await this.machine.cutPower();
  }

  /** Whether the node runs the image, says so, and wants nothing more. */
  isAt(image: PlacedImage): boolean {
    const annotation = (name: string): string | undefined => this.objects.annotation(`${M}/${name}`);
    return (
      annotation('state') === 'Done' &&
      annotation('currentImage') === image.image &&
      annotation('currentConfig') === image.config &&
      annotation('lastAppliedDrain') === annotation('desiredDrain') &&
      this.plans.at(-1)?.step.kind === 'rest'
    );
  }

  desire(image: PlacedImage): void {
    this.objects.set({ [`${M}/desiredConfig`]: image.config, [`${M}/desiredImage`]: image.image });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const clock = fastClock(this.isReal ? FACTOR.real : FACTOR.inside);
    const runner = this.#counted(
      this.isReal ? thisHost({ PATH: this.machine.bin }, this.machine.root) : this.machine.runner,
    );
    const capabilities = await probeCapabilities(runner, { signal });
    const images = registryImages(this.#client);
    const driver = openDriver(this.tool, {
      host: runner,
      capabilities,
      images,
      deadlines: { ...DEADLINES, status: this.patience },
    });
    const folder = join(this.machine.root, 'var/lib/varve');
    const memory = new PlaneMemoryFile(join(folder, 'files.json'));
    const files = new NodeFiles({ runner, memory, clock });
    const file = new JournalFile(join(folder, 'journal.json'));
    const policy = DEFAULT_POLICY;
    const agent = new Agent({
      objects: this.objects,
      host: new DrivenHost({ runner, driver, capabilities, policy, files }),
      journal: {
        read: () => file.read(),
        write: async (journal) => {
          await this.#strike('before', signal);
          await file.write(journal);
          await this.#strike('after', signal);
          this.writes += 1;
        },
      },
      files,
      policy,
      clock,
      onPlan: (plan) => this.plans.push(plan),
      onTrouble: (doing, error) => {
        if (!signal.aborted) this.troubles.push(`${doing}: ${String(error)}`);
      },
    });
    await agent.run(signal);
  }

  /** Kills the agent, and starts another one, where its journal is to be struck. */
  async #strike(when: JournalStrike['when'], signal: AbortSignal): Promise<void> {
    if (this.strike?.when !== when || this.strike.write !== this.writes || signal.aborted) return;
    this.strike = undefined;
    const { stop, ended } = this.#running ?? {};
    this.kills += 1;
    stop?.abort();
    void ended?.then(() => this.start());
    // The dead write nothing.
    signal.throwIfAborted();
    await Promise.resolve();
  }

  #counted(runner: HostRunner): HostRunner {
    return {
      root: runner.root,
      run: (command, signal) => {
        if (command.tool === 'systemd-run') this.reboots += 1;
        return runner.run(command, signal);
      },
    };
  }
}

/** A Node and its MachineConfigNode that are values; whoever is asked to drain or to uncordon does so at once. */
class NodeValue implements AgentObjects {
  node: NodeObject;
  machineConfigNode: MachineConfigNode | undefined = undefined;
  /** Nobody drains the node. */
  isUndrained = false;
  /** The states that were said, each when it was another one than before. */
  readonly states: string[] = [];
  #changed: () => void = () => {};

  constructor(name: string) {
    this.node = { metadata: { name, uid: name, annotations: {} }, spec: { unschedulable: false } };
  }

  annotation(key: string): string | undefined {
    return this.node.metadata.annotations?.[key];
  }

  set(changes: Readonly<Record<string, string | null>>, unschedulable?: boolean): void {
    const annotations: Record<string, string> = { ...this.node.metadata.annotations };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) Reflect.deleteProperty(annotations, key);
      else annotations[key] = value;
    }
    const spec = unschedulable === undefined ? this.node.spec : { unschedulable };
    this.node = { metadata: { ...this.node.metadata, annotations }, ...(spec === undefined ? {} : { spec }) };
    const state = annotations[`${M}/state`] ?? '';
    if (this.states.at(-1) !== state) this.states.push(state);
    setImmediate(() => this.#changed());
  }

  /** Does what the agent asked for last (contract §3.9). */
  drain(): void {
    const wish = this.annotation(`${M}/desiredDrain`);
    if (this.isUndrained || wish === undefined || wish === this.annotation(`${M}/lastAppliedDrain`)) return;
    this.set({ [`${M}/lastAppliedDrain`]: wish }, wish.startsWith('drain-'));
  }

  run(signal: AbortSignal, changed: () => void): Promise<void> {
    this.#changed = changed;
    changed();
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  readNode(): Promise<NodeObject> {
    return Promise.resolve(this.node);
  }

  annotate(_seen: NodeObject, changes: Readonly<Record<string, string | null>>): Promise<void> {
    this.set(changes);
    setImmediate(() => this.drain());
    return Promise.resolve();
  }

  readMachineConfigNode(): Promise<MachineConfigNode | undefined> {
    return Promise.resolve(this.machineConfigNode);
  }

  report(seen: MachineConfigNode, status: NonNullable<MachineConfigNode['status']>): Promise<void> {
    this.machineConfigNode = { ...seen, status };
    return Promise.resolve();
  }
}
