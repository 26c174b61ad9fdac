import { setTimeout as sleep } from 'node:timers/promises';
import {
  API_GROUP,
  API_VERSION,
  CURRENT_CONFIG_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DRIFT_POLICY_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  type MachineConfigNode,
  STATE_ANNOTATION,
} from '../../src/api/index.ts';
import {
  KubeClient,
  type KubeObject,
  loadKubeconfig,
  resourceType,
  type ResourceType,
} from '../../src/kube/index.ts';
import { PATIENCE, until } from './until.ts';

const NODES = resourceType<KubeObject & { spec?: { unschedulable?: boolean } }>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

const EVENTS = resourceType<KubeObject & { reason?: string; message?: string }>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
});

const MACHINE_CONFIG_NODES: ResourceType<MachineConfigNode> = resourceType({
  group: API_GROUP,
  version: 'v1',
  kind: 'MachineConfigNode',
  plural: 'machineconfignodes',
  namespaced: false,
});

export type Annotations = Readonly<Record<string, string>>;

/** A Node object with somebody who tells it what to run, and who drains it where the test permits that; it has no pods. */
export class LabNode {
  readonly name: string;
  /** While false nobody drains the node. */
  drains = true;
  /** What is shown beside the annotations when they do not come to what is waited for. */
  explain: () => string = () => '';
  readonly #client: KubeClient;
  readonly #over = new AbortController();
  #drainer: Promise<void> = Promise.resolve();

  private constructor(name: string, client: KubeClient) {
    this.name = name;
    this.#client = client;
  }

  static async create(name: string, kubeconfig: string): Promise<LabNode> {
    const client = new KubeClient({ access: await loadKubeconfig([kubeconfig]) });
    await client.create(NODES, { metadata: { name } });
    await client.create(MACHINE_CONFIG_NODES, {
      apiVersion: API_VERSION,
      kind: 'MachineConfigNode',
      metadata: { name },
      spec: { node: { name }, pool: { name: 'layered' }, configVersion: { desired: 'rendered-none' } },
    });
    const node = new LabNode(name, client);
    node.#drainer = node.#drain();
    return node;
  }

  /** @param image undefined: that of no pool */
  async desire(image: string | undefined, config: string): Promise<void> {
    await this.annotate({ [DESIRED_IMAGE_ANNOTATION]: image ?? null, [DESIRED_CONFIG_ANNOTATION]: config });
  }

  /** What a rollout repeats of the pool's annotations. */
  async setDriftPolicy(policy: 'Heal' | 'Report'): Promise<void> {
    await this.annotate({ [DRIFT_POLICY_ANNOTATION]: policy });
  }

  /** The messages of its events with this reason. */
  async events(reason: string): Promise<readonly string[]> {
    const { items } = await this.#client.list(EVENTS, { namespace: 'default' });
    return items.filter((event) => event.reason === reason).map(({ message }) => message ?? '');
  }

  async annotations(): Promise<Annotations> {
    const node = await this.#client.get(NODES, { namespace: '', name: this.name });
    return node.metadata.annotations ?? {};
  }

  /** Until it says that it runs what it is to run, and serves again. */
  async done(config: string, seconds = PATIENCE): Promise<void> {
    await this.says(`is Done with ${config}`, seconds, (annotations) => {
      const isDone = annotations[STATE_ANNOTATION] === 'Done';
      const isServing = annotations[DESIRED_DRAIN_ANNOTATION] === annotations[LAST_APPLIED_DRAIN_ANNOTATION];
      return isDone && isServing && annotations[CURRENT_CONFIG_ANNOTATION] === config;
    });
  }

  /** Until it has asked for its drain. */
  async asksForDrain(config: string, seconds = PATIENCE): Promise<void> {
    await this.says(`asks for its drain for ${config}`, seconds, (annotations) => {
      return annotations[DESIRED_DRAIN_ANNOTATION] === `drain-${config}`;
    });
  }

  async says(what: string, seconds: number, holds: (annotations: Annotations) => boolean): Promise<void> {
    let last: Annotations = {};
    try {
      await until(`${this.name} ${what}`, async () => holds((last = await this.annotations())), seconds);
    } catch (error) {
      const text = `${String(error)}\n${JSON.stringify(last, undefined, 1)}\n${this.explain()}`;
      throw new Error(text, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#drainer;
    await this.#client.close();
  }

  async annotate(annotations: Readonly<Record<string, string | null>>, more: object = {}): Promise<void> {
    const patch = { metadata: { annotations }, ...more };
    await this.#client.patch(NODES, { namespace: '', name: this.name }, { type: 'merge', patch });
  }

  /** Cordons and uncordons as it is asked to (contract §3.9). */
  async #drain(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const annotations = await this.annotations();
      const wish = annotations[DESIRED_DRAIN_ANNOTATION];
      const isNew = wish !== undefined && wish !== annotations[LAST_APPLIED_DRAIN_ANNOTATION];
      if (isNew && (this.drains || wish.startsWith('uncordon-'))) {
        const spec = { unschedulable: wish.startsWith('drain-') };
        await this.annotate({ [LAST_APPLIED_DRAIN_ANNOTATION]: wish }, { spec });
      }
      await sleep(20, undefined, { signal }).catch(() => {});
    }
  }
}
