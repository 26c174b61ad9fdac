// The real agents of many nodes in one process, each on a host that is a model in memory; ended by SIGTERM.
import {
  Agent,
  DEFAULT_POLICY,
  OwnObjects,
  type Act,
  type ActOutcome,
  type AgentHost,
  type HostLook,
  type JournalReading,
} from '../../src/agent/index.ts';
import { ModelHost, type ModelImage } from '../../src/agent/test-host.ts';
import type { MachineConfigNode } from '../../src/api/index.ts';
import { systemClock, type KubeClient } from '../../src/kube/index.ts';
import { countedClient } from './counted-client.ts';

const [kubeconfig = '', first = '', config = '', ...names] = process.argv.slice(2);

/** Every image that there is; hosts know no other. */
const images: ModelImage[] = [
  {
    digest: first.slice(first.indexOf('sha256:')),
    image: first,
    config,
    base: undefined,
    kernelArguments: [],
    behaviour: 'boots',
  },
];
const ABILITIES = {
  lock: 'with-staging',
  fetch: false,
  ahead: 'stage',
  pin: true,
  carriesLocalChanges: false,
} as const;

let { promise: heardOfImage, resolve: hear } = Promise.withResolvers<void>();

/** How long a machine is down for a reboot, in milliseconds on average: between half and one and a half of it. */
let boot = 0;

class BenchHost implements AgentHost {
  readonly #client: KubeClient;
  readonly #node: string;
  readonly #model = new ModelHost(images, ABILITIES, true);
  #journal: JournalReading = { state: 'absent' };
  #machineConfigNode: MachineConfigNode | undefined;
  /** In the place of a file, which outlives the boot as well. */
  readonly #store = {
    read: () => Promise.resolve(this.#machineConfigNode),
    write: (object: MachineConfigNode) => {
      this.#machineConfigNode = object;
      return Promise.resolve();
    },
    remove: () => {
      this.#machineConfigNode = undefined;
      return Promise.resolve();
    },
  };
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(client: KubeClient, node: string) {
    this.#client = client;
    this.#node = node;
  }

  start(): void {
    const stop = new AbortController();
    const agent = new Agent({
      objects: new OwnObjects({
        client: this.#client,
        node: this.#node,
        store: this.#store,
        report: () => undefined,
      }),
      host: this,
      journal: {
        read: () => Promise.resolve(this.#journal),
        write: (journal) => {
          this.#journal = { state: 'read', journal };
          return Promise.resolve();
        },
      },
      policy: DEFAULT_POLICY,
      clock: systemClock,
    });
    this.#running = { stop, ended: agent.run(stop.signal) };
  }

  look(): Promise<HostLook> {
    return Promise.resolve({ state: 'fresh', view: this.#model.view() });
  }

  async perform(act: Act, signal: AbortSignal): Promise<ActOutcome> {
    // Nodes hear of an image from their rollout, and may do so before this process hears what is in it.
    if ('digest' in act) await known(act.digest);
    const end = this.#model.act(act, 'none');
    if (end.result !== 'dead') return end;
    // The machine goes down, and comes up again with its agent.
    const { stop, ended } = this.#running ?? {};
    setImmediate(() => stop?.abort());
    void ended?.then(() => setTimeout(() => this.start(), boot * (0.5 + Math.random())));
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  remedy(): Promise<void> {
    return Promise.resolve();
  }
}

async function known(wanted: string): Promise<void> {
  while (!images.some(({ digest }) => digest === wanted)) await heardOfImage;
}

const counted = await countedClient(kubeconfig, 'varve-agent');
process.on('message', (message: { readonly image?: ModelImage; readonly boot?: number }) => {
  if (message.image !== undefined) {
    images.push(message.image);
    hear();
    ({ promise: heardOfImage, resolve: hear } = Promise.withResolvers<void>());
  }
  boot = message.boot ?? boot;
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpu: (user + system) / 1000,
    rss: process.memoryUsage.rss(),
    peak: 0,
    requests: counted.take(),
  });
});
process.once('SIGTERM', () => process.exit(0));
// All at once would be no cluster but a storm.
for (const [index, name] of names.entries()) {
  new BenchHost(counted.client, name).start();
  if (index % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 50));
}
process.send?.('ready');
