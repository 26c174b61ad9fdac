import { join } from 'node:path';
import {
  type ActOutcome,
  Agent,
  type AgentHost,
  DEFAULT_POLICY,
  type HostLook,
  JournalFile,
  type NodeFiles,
  MachineConfigNodeFile,
  OwnObjects,
  type Plan,
} from '../../src/agent/index.ts';
import type { Act } from '../../src/agent/index.ts';
import type { Fault, ModelHost } from '../../src/agent/test-host.ts';
import {
  type CallOptions,
  KubeClient,
  KubeError,
  type KubeObject,
  type ObjectKey,
  type Patch,
  type ResourceType,
  systemClock,
} from '../../src/kube/index.ts';

/** A client whose requests fail while watches go on: what an agent heard last, it heard before. */
export class LameClient extends KubeClient {
  isLame = false;
  /** Holds back the answers to patches: what else happened meanwhile, a watch tells before. */
  beforeAnswer: (patch: Patch) => Promise<void> = () => Promise.resolve();

  override get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<T> {
    return this.isLame ? Promise.reject(lame()) : super.get(type, key, options);
  }

  override async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options?: Parameters<KubeClient['patch']>[3],
  ): Promise<T> {
    if (this.isLame) throw lame();
    const answer = await super.patch(type, key, patch, options);
    await this.beforeAnswer(patch);
    return answer;
  }
}

function lame(): KubeError {
  return new KubeError('timeout', 'cannot reach the API server: the test has it so');
}

/** A host of the model that an agent in this process runs on: rebooting it ends the agent, and another one starts. */
export class NodeAgent implements AgentHost {
  readonly model: ModelHost;
  readonly plans: Plan[] = [];
  readonly troubles: string[] = [];
  looks = 0;
  /** What goes wrong with the next act. */
  fault: () => Fault = () => 'none';
  /** Acts that never end by themselves. */
  holds: (act: Act) => boolean = () => false;
  /** Keeps the journal in another file than the last agent did. */
  journal: string;
  /** The journal can be read and not written. */
  isDiskFull = false;
  /** The files of the host, from the next start on. */
  files: NodeFiles | undefined;
  readonly #client: KubeClient;
  readonly #node: string;
  readonly #folder: string;
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  #isOver = false;

  constructor(model: ModelHost, client: KubeClient, node: string, folder: string) {
    this.model = model;
    this.#client = client;
    this.#node = node;
    this.#folder = folder;
    this.journal = join(folder, 'var', 'lib', 'varve', 'journal.json');
  }

  start(): void {
    if (this.#isOver || this.#running !== undefined) return;
    const stop = new AbortController();
    const file = new JournalFile(this.journal);
    const agent = new Agent({
      objects: new OwnObjects({
        client: this.#client,
        node: this.#node,
        store: new MachineConfigNodeFile(
          join(this.#folder, 'var', 'lib', 'varve', 'machine-config-node.json'),
        ),
        report: (error) => this.troubles.push(`follow the Node: ${String(error)}`),
      }),
      host: this,
      journal: {
        read: () => file.read(),
        write: (journal) =>
          this.isDiskFull ? Promise.reject(new Error('no space left on device')) : file.write(journal),
      },
      policy: DEFAULT_POLICY,
      clock: systemClock,
      ...(this.files === undefined ? {} : { files: this.files }),
      onPlan: (plan) => this.plans.push(plan),
      onTrouble: (doing, error) => this.troubles.push(`${doing}: ${String(error)}`),
    });
    const ended = agent.run(stop.signal).finally(() => {
      this.#running = undefined;
    });
    this.#running = { stop, ended };
  }

  /** As `kill -9`, as far as one process can be killed within another: what is under way is not finished. */
  async kill(): Promise<void> {
    const { stop, ended } = this.#running ?? {};
    stop?.abort();
    await ended;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.kill();
  }

  look(): Promise<HostLook> {
    this.looks += 1;
    return Promise.resolve({ state: 'fresh', view: this.model.view() });
  }

  async perform(act: Act, signal: AbortSignal): Promise<ActOutcome> {
    if (this.holds(act)) await aborted(signal);
    const end = this.model.act(act, this.fault());
    if (end.result !== 'dead') return end;
    // The machine goes down, and comes up again with its agent.
    const { stop, ended } = this.#running ?? {};
    setImmediate(() => stop?.abort());
    void ended?.then(() => this.start());
    return aborted(signal);
  }

  remedy(): Promise<void> {
    return Promise.resolve();
  }
}

/** Waits until the signal aborts. @throws its reason */
async function aborted(signal: AbortSignal): Promise<never> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  throw signal.reason;
}
