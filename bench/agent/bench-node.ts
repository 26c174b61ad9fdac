import { KubeClient, loadKubeconfig, type KubeObject, LEASES, resourceType } from '../../src/kube/index.ts';
import { until } from '../../test/lab/until.ts';

const M = 'machineconfiguration.openshift.io';

type Node = KubeObject & {
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
};

const NODES = resourceType<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

/** The Node of the benchmark, and somebody who drains it at once: there is nothing on it. */
export class BenchNode {
  readonly name: string;
  readonly #client: KubeClient;

  private constructor(name: string, client: KubeClient) {
    this.name = name;
    this.#client = client;
  }

  static async open(name: string, kubeconfig: string): Promise<BenchNode> {
    return new BenchNode(name, new KubeClient({ access: await loadKubeconfig([kubeconfig]) }));
  }

  async isReady(): Promise<boolean> {
    const { status } = await this.#client.get(NODES, { namespace: '', name: this.name });
    return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
  }

  /** Until the node runs the image and has said so. @returns milliseconds since the wish */
  async move(image: string, config: string): Promise<number> {
    const began = performance.now();
    await this.#annotate({ [`${M}/desiredImage`]: image, [`${M}/desiredConfig`]: config });
    await until(
      `${this.name} runs ${image}`,
      async () => {
        const { metadata } = await this.#client.get(NODES, { namespace: '', name: this.name });
        const annotations = metadata.annotations ?? {};
        const wish = annotations[`${M}/desiredDrain`];
        if (wish !== undefined && wish !== annotations[`${M}/lastAppliedDrain`]) {
          await this.#annotate(
            { [`${M}/lastAppliedDrain`]: wish },
            { spec: { unschedulable: wish.startsWith('drain-') } },
          );
        }
        return annotations[`${M}/state`] === 'Done' && annotations[`${M}/currentImage`] === image;
      },
      300,
    );
    return performance.now() - began;
  }

  /** Writes of anybody but the node's Lease during so many milliseconds. */
  async writesWithin(milliseconds: number): Promise<number> {
    const key = { namespace: 'kube-node-lease', name: this.name };
    const stop = AbortSignal.timeout(milliseconds);
    const first = await this.#revision();
    let renewals = 0;
    const { metadata } = await this.#client.get(LEASES, key);
    const options = {
      namespace: key.namespace,
      resourceVersion: metadata.resourceVersion ?? '',
      timeoutSeconds: Math.ceil(milliseconds / 1000) + 60,
      signal: stop,
    };
    try {
      for await (const event of this.#client.watch(LEASES, options)) {
        if (event.type !== 'BOOKMARK') renewals += 1;
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
    return (await this.#revision()) - first - renewals;
  }

  /** The newest of the API server: it grows by one with every write. */
  async #revision(): Promise<number> {
    return Number((await this.#client.list(NODES, { limit: 1 })).resourceVersion);
  }

  async #annotate(annotations: Readonly<Record<string, string>>, more: object = {}): Promise<void> {
    const patch = { metadata: { annotations }, ...more };
    await this.#client.patch(NODES, { namespace: '', name: this.name }, { type: 'merge', patch });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
