import { API_GROUP, type MachineConfigNode } from '../api/index.ts';
import {
  Informer,
  type InformerOptions,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
  resourceType,
  type ResourceType,
} from '../kube/index.ts';
import type { AnnotationChanges } from './node-report.ts';
import { type AgentNode, nodeWishes } from './node-wishes.ts';

type NodeObject = AgentNode & KubeObject;
type Status = NonNullable<MachineConfigNode['status']>;

const NODES: ResourceType<NodeObject> = resourceType({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

const MACHINE_CONFIG_NODES: ResourceType<MachineConfigNode> = resourceType({
  group: API_GROUP,
  version: 'v1',
  kind: 'MachineConfigNode',
  plural: 'machineconfignodes',
  namespaced: false,
});

/** The two objects that an agent has to do with: its Node, and the MachineConfigNode of the same name. */
export class OwnObjects {
  readonly #client: KubeClient;
  readonly #key: ObjectKey;
  readonly #nodes: Informer<NodeObject>;
  readonly #machineConfigNodes: Informer<MachineConfigNode>;
  // What the API server answered: a decision must not be made on what was before it.
  #node: NodeObject | undefined;
  #machineConfigNode: MachineConfigNode | undefined;

  /** @param report told of what keeps the two from being followed */
  constructor(client: KubeClient, name: string, report: (error: unknown) => void) {
    this.#client = client;
    this.#key = { namespace: '', name };
    const selection = { fieldSelector: `metadata.name=${name}` };
    this.#nodes = new Informer(
      client,
      { type: NODES, selection, transform: slim } satisfies InformerOptions<NodeObject>,
      report,
    );
    this.#machineConfigNodes = new Informer(client, { type: MACHINE_CONFIG_NODES, selection }, report);
  }

  /** Follows both until the signal aborts. `changed` hears of whatever may change what the agent does. */
  async run(signal: AbortSignal, changed: () => void): Promise<void> {
    let wishes = '';
    this.#nodes.subscribe(({ type, object }) => {
      // Kubelets write their Nodes all the time.
      const seen = type === 'deleted' ? '' : JSON.stringify(nodeWishes(object));
      if (seen === wishes) return;
      wishes = seen;
      changed();
    });
    this.#machineConfigNodes.subscribe(changed);
    await Promise.all([this.#nodes.run(signal), this.#machineConfigNodes.run(signal)]);
  }

  /** The Node as it was when this process last heard of it; undefined before that, and when there is none. */
  get node(): NodeObject | undefined {
    return newer(this.#node, this.#nodes.cache.get(this.#key));
  }

  get machineConfigNode(): MachineConfigNode | undefined {
    return newer(this.#machineConfigNode, this.#machineConfigNodes.cache.get(this.#key));
  }

  /** The Node as it is now. */
  async readNode(signal: AbortSignal): Promise<NodeObject> {
    this.#node = slim(await this.#client.get(NODES, this.#key, { signal }));
    return this.#node;
  }

  /** Writes annotations of the Node that was seen, and of no other that has taken its name. */
  async annotate(seen: NodeObject, annotations: AnnotationChanges, signal: AbortSignal): Promise<void> {
    const metadata = { uid: seen.metadata.uid ?? null, annotations };
    const patch = { type: 'merge', patch: { metadata } } as const;
    this.#node = slim(await this.#client.patch(NODES, this.#key, patch, { signal }));
  }

  /** Writes the status of the MachineConfigNode as it was seen; a `conflict` when somebody changed it since. */
  async report({ metadata }: MachineConfigNode, status: Status, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = metadata as { readonly uid?: string; readonly resourceVersion?: string };
    const patch = { metadata: { uid: uid ?? null, resourceVersion: resourceVersion ?? null }, status };
    this.#machineConfigNode = await this.#client.patch(
      MACHINE_CONFIG_NODES,
      this.#key,
      { type: 'merge', patch },
      { signal, subresource: 'status' },
    );
  }
}

/** Of an answer and what the watch told, which each may overtake the other; versions of one object are numbers that grow. */
function newer<T extends KubeObject>(answer: T | undefined, told: T | undefined): T | undefined {
  if (answer === undefined || told === undefined) return told;
  const isNewer = Number(answer.metadata.resourceVersion) > Number(told.metadata.resourceVersion);
  return isNewer ? answer : told;
}

/** The part of a Node that an agent looks at. */
function slim(node: NodeObject): NodeObject {
  const { metadata, spec } = node;
  const unschedulable = spec?.unschedulable;
  const kept = { metadata, ...(unschedulable === undefined ? {} : { spec: { unschedulable } }) };
  return kept;
}
