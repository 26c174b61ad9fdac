import { MACHINE_CONFIG_NODE_ANNOTATION, type MachineConfigNode } from '../api/index.ts';
import {
  Informer,
  type InformerOptions,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
  resourceType,
  type ResourceType,
} from '../kube/index.ts';
import type { MachineConfigNodeStore } from './machine-config-node-file.ts';
import type { AnnotationChanges } from './node-report.ts';
import { type AgentNode, nodeWishes } from './node-wishes.ts';
import { type NamedByNode, type OthersWords, OwnMachineConfigNode } from './own-machine-config-node.ts';

export type NodeObject = AgentNode & KubeObject;
type Status = NonNullable<MachineConfigNode['status']>;

/** A secret with credentials for registries, of type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`. */
export interface PullSecret extends KubeObject {
  readonly type?: string;
  /** In base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** What an agent is told, and whom it tells how its node is: a cluster's objects, or one host's own wishes. */
export interface AgentObjects {
  /** The Node as it was when this process last heard of it; undefined before that, and when there is none. */
  readonly node: NodeObject | undefined;
  /** The MachineConfigNode as it was answered last, which others may have changed since; undefined when none is known. */
  readonly machineConfigNode: MachineConfigNode | undefined;
  /** Follows them until the signal aborts. `changed` hears of whatever may change what the agent does. */
  run(signal: AbortSignal, changed: () => void): Promise<void>;
  /** The Node as it is now, or was a moment ago. */
  readNode(signal: AbortSignal): Promise<NodeObject>;
  /** Writes annotations of the Node that was seen, and of no other that has taken its name; null takes one away. */
  annotate(seen: NodeObject, annotations: AnnotationChanges, signal: AbortSignal): Promise<void>;
  /** The MachineConfigNode as it is now; undefined when there is none. */
  readMachineConfigNode(signal: AbortSignal): Promise<MachineConfigNode | undefined>;
  /**
   * Writes the agent's part of the status of the MachineConfigNode that was seen, and of no other that has taken its name.
   *
   * @param others what becomes of what others wrote into it since
   */
  report(seen: MachineConfigNode, status: Status, others: OthersWords, signal: AbortSignal): Promise<void>;
}

type Client = Pick<KubeClient, 'get' | 'patch' | 'list' | 'watch' | 'clock'>;

export interface OwnObjectsOptions {
  readonly client: Client;
  /** The name of the Node that is this host. */
  readonly node: string;
  /** The one secret that the agent may read. */
  readonly pullSecret?: ObjectKey;
  /** Keeps what is known of the MachineConfigNode for the next boot. */
  readonly store: MachineConfigNodeStore;
  /** Told of what keeps one of them from being followed. */
  readonly report: (error: unknown) => void;
}

/** How long an answer of the API server tells how the Node is now, in milliseconds; what the watch tells goes before it all the same. */
const FRESH = 2000;

const NODES: ResourceType<NodeObject> = resourceType({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

const SECRETS: ResourceType<PullSecret> = resourceType({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
});

/**
 * The objects that an agent has to do with, and no others. Its Node and its pull secret are watched, each by its name. The
 * MachineConfigNode of the Node's name is read where it is not known, as {@link OwnMachineConfigNode} has it.
 */
export class OwnObjects implements AgentObjects {
  readonly #client: Client;
  readonly #key: ObjectKey;
  readonly #nodes: Informer<NodeObject>;
  readonly #machineConfigNode: OwnMachineConfigNode;
  readonly #secretKey: ObjectKey | undefined;
  readonly #secrets: Informer<PullSecret> | undefined;
  // What the API server answered: a decision must not be made on what was before it.
  #node: NodeObject | undefined;
  /** When it was asked for what it answered about the Node last. */
  #askedAt = -Infinity;
  /** When the watch told last of a Node that asks for something else. */
  #heardAt = -Infinity;

  constructor({ client, node, pullSecret, store, report }: OwnObjectsOptions) {
    this.#client = client;
    this.#key = { namespace: '', name: node };
    const selection = { fieldSelector: `metadata.name=${node}` };
    this.#nodes = new Informer(
      client,
      { type: NODES, selection, transform: slim } satisfies InformerOptions<NodeObject>,
      report,
    );
    const named = (): NamedByNode => namedBy(this.node);
    this.#machineConfigNode = new OwnMachineConfigNode({ client, name: node, named, store, report });
    this.#secretKey = pullSecret;
    if (pullSecret === undefined) return;
    const { namespace, name } = pullSecret;
    const one = { namespace, fieldSelector: `metadata.name=${name}` };
    this.#secrets = new Informer(client, { type: SECRETS, selection: one }, report);
  }

  async run(signal: AbortSignal, changed: () => void): Promise<void> {
    let wishes = '';
    await this.#machineConfigNode.open();
    this.#nodes.subscribe(({ type, object }) => {
      this.#machineConfigNode.heardOfNode();
      // Kubelets write their Nodes all the time.
      const seen = type === 'deleted' ? '' : JSON.stringify(nodeWishes(object));
      if (seen === wishes) return;
      wishes = seen;
      this.#heardAt = this.#client.clock.now();
      changed();
    });
    this.#secrets?.subscribe(changed);
    await Promise.all([
      this.#nodes.run(signal),
      this.#machineConfigNode.run(signal, changed),
      this.#secrets?.run(signal),
    ]);
  }

  /** Whether what is watched has been seen, or is known not to be there. */
  get isSynced(): boolean {
    return this.#nodes.isSynced && this.#secrets?.isSynced !== false;
  }

  get node(): NodeObject | undefined {
    return newer(this.#node, this.#nodes.cache.get(this.#key));
  }

  get machineConfigNode(): MachineConfigNode | undefined {
    return this.#machineConfigNode.object;
  }

  /** The pull secret as it was last heard of; undefined before that, where there is none, and where none was named. */
  get pullSecret(): PullSecret | undefined {
    return this.#secretKey === undefined ? undefined : this.#secrets?.cache.get(this.#secretKey);
  }

  async readNode(signal: AbortSignal): Promise<NodeObject> {
    const { clock } = this.#client;
    const known = this.node;
    // An agent says that it reboots before it lets anything go, and is answered with the Node as it is then. Whoever has said so for it
    // when the node was drained leaves the node to it from there on.
    const isLetGo = known !== undefined && nodeWishes(known).rebooting;
    const freshAt = isLetGo ? Math.max(this.#askedAt, this.#heardAt) : this.#askedAt;
    if (known !== undefined && clock.now() - freshAt < FRESH) return known;
    const askedAt = clock.now();
    this.#node = slim(await this.#client.get(NODES, this.#key, { signal }));
    this.#askedAt = askedAt;
    return this.#node;
  }

  async annotate(seen: NodeObject, annotations: AnnotationChanges, signal: AbortSignal): Promise<void> {
    const metadata = { uid: seen.metadata.uid ?? null, annotations };
    const patch = { type: 'merge', patch: { metadata } } as const;
    const askedAt = this.#client.clock.now();
    // Whoever cannot be told cannot be known to have said nothing else.
    this.#askedAt = -Infinity;
    this.#node = slim(await this.#client.patch(NODES, this.#key, patch, { signal }));
    this.#askedAt = askedAt;
  }

  readMachineConfigNode(signal: AbortSignal): Promise<MachineConfigNode | undefined> {
    return this.#machineConfigNode.read(signal);
  }

  report(seen: MachineConfigNode, status: Status, others: OthersWords, signal: AbortSignal): Promise<void> {
    return this.#machineConfigNode.report(seen, status, others, signal);
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

function namedBy(node: NodeObject | undefined): NamedByNode {
  if (node === undefined) return 'unknown';
  const uid = node.metadata.annotations?.[MACHINE_CONFIG_NODE_ANNOTATION] ?? '';
  if (uid !== '') return { uid };
  return nodeWishes(node).desiredConfig === undefined ? 'unmanaged' : 'unnamed';
}
