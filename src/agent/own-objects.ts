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
  readonly machineConfigNode: MachineConfigNode | undefined;
  /** Follows them until the signal aborts. `changed` hears of whatever may change what the agent does. */
  run(signal: AbortSignal, changed: () => void): Promise<void>;
  /** The Node as it is now, or was a moment ago. */
  readNode(signal: AbortSignal): Promise<NodeObject>;
  /** Writes annotations of the Node that was seen, and of no other that has taken its name; null takes one away. */
  annotate(seen: NodeObject, annotations: AnnotationChanges, signal: AbortSignal): Promise<void>;
  /** Writes the status of the MachineConfigNode as it was seen; a `conflict` when somebody changed it since. */
  report(seen: MachineConfigNode, status: Status, signal: AbortSignal): Promise<void>;
}

export interface OwnObjectsOptions {
  readonly client: KubeClient;
  /** The name of the Node that is this host. */
  readonly node: string;
  /** The one secret that the agent may read. */
  readonly pullSecret?: ObjectKey;
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

const MACHINE_CONFIG_NODES: ResourceType<MachineConfigNode> = resourceType({
  group: API_GROUP,
  version: 'v1',
  kind: 'MachineConfigNode',
  plural: 'machineconfignodes',
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
 * The objects that an agent has to do with, and no others, each watched by its name: its Node, the MachineConfigNode of the
 * same name, and its pull secret.
 */
export class OwnObjects implements AgentObjects {
  readonly #client: KubeClient;
  readonly #key: ObjectKey;
  readonly #nodes: Informer<NodeObject>;
  readonly #machineConfigNodes: Informer<MachineConfigNode>;
  readonly #secretKey: ObjectKey | undefined;
  readonly #secrets: Informer<PullSecret> | undefined;
  // What the API server answered: a decision must not be made on what was before it.
  #node: NodeObject | undefined;
  /** When it was asked for what it answered about the Node last. */
  #askedAt = -Infinity;
  #machineConfigNode: MachineConfigNode | undefined;

  constructor({ client, node, pullSecret, report }: OwnObjectsOptions) {
    this.#client = client;
    this.#key = { namespace: '', name: node };
    const selection = { fieldSelector: `metadata.name=${node}` };
    this.#nodes = new Informer(
      client,
      { type: NODES, selection, transform: slim } satisfies InformerOptions<NodeObject>,
      report,
    );
    this.#machineConfigNodes = new Informer(client, { type: MACHINE_CONFIG_NODES, selection }, report);
    this.#secretKey = pullSecret;
    if (pullSecret === undefined) return;
    const { namespace, name } = pullSecret;
    const one = { namespace, fieldSelector: `metadata.name=${name}` };
    this.#secrets = new Informer(client, { type: SECRETS, selection: one }, report);
  }

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
    this.#secrets?.subscribe(changed);
    const followed = [
      this.#nodes,
      this.#machineConfigNodes,
      ...(this.#secrets === undefined ? [] : [this.#secrets]),
    ];
    await Promise.all(followed.map((informer) => informer.run(signal)));
  }

  /** Whether all of them have been seen, or are known not to be there. */
  get isSynced(): boolean {
    return this.#nodes.isSynced && this.#machineConfigNodes.isSynced && this.#secrets?.isSynced !== false;
  }

  get node(): NodeObject | undefined {
    return newer(this.#node, this.#nodes.cache.get(this.#key));
  }

  get machineConfigNode(): MachineConfigNode | undefined {
    return newer(this.#machineConfigNode, this.#machineConfigNodes.cache.get(this.#key));
  }

  /** The pull secret as it was last heard of; undefined before that, where there is none, and where none was named. */
  get pullSecret(): PullSecret | undefined {
    return this.#secretKey === undefined ? undefined : this.#secrets?.cache.get(this.#secretKey);
  }

  async readNode(signal: AbortSignal): Promise<NodeObject> {
    const { clock } = this.#client;
    const known = this.node;
    // An agent says that it reboots before it lets anything go, and is answered with the Node as it is then.
    if (known !== undefined && clock.now() - this.#askedAt < FRESH) return known;
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
