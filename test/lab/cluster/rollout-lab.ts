import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Act, ActOutcome } from '../../../src/agent/index.ts';
import { ModelHost, type ModelImage } from '../../../src/agent/test-host.ts';
import {
  CORDON_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  STATE_ANNOTATION,
} from '../../../src/api/index.ts';
import {
  NODES,
  OS_BUILDS,
  PODS,
  POOLS,
  type Pod,
  type PoolNode,
} from '../../../src/controllers/resources.ts';
import { pushMiniatureBase, startRegistry } from '../../../src/embedded/index.ts';
import { isKubeError, type KubeClient, type KubeObject } from '../../../src/kube/index.ts';
import { openRegistry, parseReference } from '../../../src/oci/index.ts';
import { atEnd } from '../at-end.ts';
import { LameClient, NodeAgent } from '../node-agent.ts';
import { startTamperingRegistry, type Script, type TamperingRegistry } from '../tampering-registry.ts';
import { until } from '../until.ts';
import { openCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { insist } from './insist.ts';
import { LabControllers, type LabControllersOptions } from './lab-controllers.ts';
import { LabPool } from './lab-pool.ts';

/** A node of the lab: a Node, and the real agent on a host of the model. */
export class LabNode {
  readonly name: string;
  readonly agent: RolloutAgent;

  constructor(name: string, agent: RolloutAgent) {
    this.name = name;
    this.agent = agent;
  }
}

/** An agent whose host knows every image that the lab's builds have made, and that is watched at its reboots. */
export class RolloutAgent extends NodeAgent {
  readonly #lab: RolloutLab;
  readonly #node: string;
  /** Digests that had to be downloaded: the host had no deployment of them. */
  readonly pulled: string[] = [];

  constructor(
    lab: RolloutLab,
    facts: {
      readonly model: ModelHost;
      readonly client: LameClient;
      readonly node: string;
      readonly folder: string;
    },
  ) {
    super(facts.model, facts.client, facts.node, facts.folder);
    this.#lab = lab;
    this.#node = facts.node;
  }

  override async perform(act: Act, signal: AbortSignal): Promise<ActOutcome> {
    if (act.kind === 'stage' || act.kind === 'fetch') {
      await this.#lab.learn();
      const { digest } = act;
      if (!this.model.deployments.some(({ image }) => image.digest === digest)) this.pulled.push(digest);
    }
    if (act.kind === 'reboot') await this.#lab.judgeReboot(this.#node);
    return super.perform(act, signal);
  }
}

/** A cluster with pools, nodes with agents, and a kubelet that only ends pods; what must never happen is watched for. */
export class RolloutLab {
  readonly cluster: Cluster;
  readonly registry: TamperingRegistry;
  readonly base: string;
  readonly nodes = new Map<string, LabNode>();
  /** What must not have happened. */
  readonly violations: string[] = [];
  /** What the registry does; undefined: as it should. */
  script: Script | undefined;
  /** Nodes that are out of service for an update at the moment, and the most there were at once. */
  readonly away = new Set<string>();
  mostAway = 0;
  /** Nodes on which a person has put a cordon. */
  readonly persons = new Set<string>();
  readonly #folder: string;
  readonly #images: ModelImage[] = [];
  readonly #controllers: LabControllers[] = [];
  readonly #lifted = new Map<string, string>();
  #isHolding = new Set<string>();

  private constructor(facts: {
    readonly cluster: Cluster;
    readonly registry: TamperingRegistry;
    readonly base: string;
    readonly folder: string;
  }) {
    this.cluster = facts.cluster;
    this.registry = facts.registry;
    this.base = facts.base;
    this.#folder = facts.folder;
    this.#images.push({
      digest: facts.base.slice(facts.base.indexOf('sha256:')),
      image: facts.base,
      config: undefined,
      base: undefined,
      kernelArguments: [],
      behaviour: 'boots',
    });
  }

  static async open(t: TestContext, options: ClusterOptions = {}): Promise<RolloutLab> {
    const folder = await mkdtemp(join(tmpdir(), 'varve-rollout-'));
    const registry = await startRegistry({ directory: join(folder, 'registry') });
    let lab: RolloutLab | undefined;
    const front = await startTamperingRegistry(registry.address, (...request) => lab?.script?.(...request));
    atEnd(t, async () => {
      await front.close();
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    });
    const client = openRegistry({});
    const digest = await pushMiniatureBase(client, parseReference(`${front.address}/base/os:1`));
    client.close();
    const cluster = await openCluster(t, options);
    lab = new RolloutLab({ cluster, registry: front, base: `${front.address}/base/os@${digest}`, folder });
    const made = lab;
    const over = new AbortController();
    const kubelet = made.#endPods(over.signal);
    const watched = made.#watch(over.signal);
    cluster.beforeClose(async () => {
      for (const { agent } of made.nodes.values()) await agent.close();
      over.abort();
      await Promise.all([kubelet, watched]);
    });
    return lab;
  }

  pool(suffix: string): LabPool {
    return new LabPool(this.cluster, { suffix, registry: this.registry.address, base: this.base });
  }

  controllers(options: LabControllersOptions = {}): LabControllers {
    const controllers = new LabControllers(this.cluster, options);
    this.#controllers.push(controllers);
    this.cluster.beforeClose(async () => {
      await controllers.stop();
      assert.deepEqual(controllers.defects, []);
    });
    return controllers;
  }

  /** Adds nodes to a pool, each ready, with its agent at work. */
  async add(pool: LabPool, ...suffixes: readonly string[]): Promise<readonly LabNode[]> {
    return Promise.all(suffixes.map((suffix) => this.#add(suffix, { 'varve.dev/pool': pool.name })));
  }

  /** Moves a node to another pool. */
  async move(suffix: string, pool: LabPool | undefined): Promise<void> {
    const labels = { 'varve.dev/pool': pool?.name ?? null };
    await insist(() => this.cluster.patch(NODES, this.#nameOf(suffix), { metadata: { labels } }));
  }

  /** As `kubectl cordon` and `kubectl uncordon`. */
  async cordon(suffix: string, unschedulable = true): Promise<void> {
    if (unschedulable) this.persons.add(suffix);
    else this.persons.delete(suffix);
    const spec = { unschedulable: unschedulable ? true : null };
    await insist(() => this.cluster.patch(NODES, this.#nameOf(suffix), { spec }));
  }

  /** A kubelet that says that its node is ready, or not. */
  async ready(suffix: string, status: 'True' | 'False' | 'Unknown'): Promise<void> {
    const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/u, 'Z');
    const conditions = [{ type: 'Ready', status, lastTransitionTime }];
    await insist(() => this.cluster.patch(NODES, this.#nameOf(suffix), { status: { conditions } }, 'status'));
  }

  #nameOf(suffix: string): string {
    return `${this.cluster.name}-${suffix}`;
  }

  async #add(suffix: string, labels: Readonly<Record<string, string>>): Promise<LabNode> {
    const name = `${this.cluster.name}-${suffix}`;
    await insist(() => this.cluster.create(NODES, { metadata: { name, labels } }));
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    await insist(() =>
      this.cluster.patch(
        NODES,
        name,
        { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] } },
        'status',
      ),
    );
    const abilities = {
      lock: 'with-staging',
      fetch: false,
      ahead: 'stage',
      pin: true,
      carriesLocalChanges: false,
    } as const;
    const model = new ModelHost(this.#images, abilities, true);
    const client = new LameClient({ access: this.cluster.access, userAgent: 'varve-agent' });
    const folder = join(this.#folder, suffix);
    const node = new LabNode(name, new RolloutAgent(this, { model, client, node: name, folder }));
    this.nodes.set(suffix, node);
    this.cluster.beforeClose(async () => {
      await node.agent.close();
      await client.close();
    });
    node.agent.start();
    return node;
  }

  /** Takes a node away, as when its machine is gone. */
  async remove(suffix: string): Promise<void> {
    const node = this.nodes.get(suffix);
    assert.ok(node !== undefined);
    this.nodes.delete(suffix);
    await node.agent.close();
    await insist(() => this.cluster.delete(NODES, node.name));
  }

  node(suffix: string): Promise<PoolNode> {
    return insist(() => this.cluster.get(NODES, `${this.cluster.name}-${suffix}`));
  }

  /** What a node says of itself: `config image state`, and `cordoned`. */
  async annotation(suffix: string, key: string): Promise<string | undefined> {
    return (await this.node(suffix)).metadata.annotations?.[key];
  }

  /** Whether the nodes run what the pool's build in force has made, or its configuration file by file. */
  async areAt(suffixes: readonly string[], config: string, image: string | undefined): Promise<boolean> {
    for (const suffix of suffixes) {
      const { metadata, spec } = await this.node(suffix);
      const { annotations = {} } = metadata;
      const isThere =
        annotations[CURRENT_CONFIG_ANNOTATION] === config &&
        annotations[CURRENT_IMAGE_ANNOTATION] === image &&
        annotations[STATE_ANNOTATION] === 'Done' &&
        (spec?.unschedulable !== true || this.persons.has(suffix));
      if (!isThere) return false;
    }
    return true;
  }

  /** Waits, and tells how all was if it did not come. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await until(what, holds);
    } catch (error) {
      assert.ok(error instanceof Error);
      throw new Error(`${error.message}\n${await this.describe()}`, { cause: error });
    }
  }

  /** How nodes and pools are, for a person. */
  async describe(): Promise<string> {
    const lines: string[] = [];
    for (const [suffix, { agent }] of this.nodes) {
      const { metadata, spec } = await this.node(suffix);
      const said = Object.entries(metadata.annotations ?? {}).map(
        ([key, value]) => `${key.slice(key.indexOf('/') + 1)}=${value.replace(/sha256:(.{6}).*$/u, '$1')}`,
      );
      const cordon = spec?.unschedulable === true ? ' cordoned' : '';
      lines.push(`node ${suffix}${cordon}: ${said.join(' ')}`);
      lines.push(`  agent: ${agent.plans.at(-1)?.step.reason ?? ''} ${agent.troubles.at(-1) ?? ''}`);
    }
    const pools = await this.cluster.kube.list(POOLS);
    for (const { metadata, spec, status } of pools.items) {
      lines.push(`pool ${metadata.name} ${spec.configuration?.name ?? ''}`);
      for (const { type, status: is, reason, message } of status?.conditions ?? [])
        if (is === 'True' || (message ?? '') !== '')
          lines.push(`  ${type ?? ''} ${is ?? ''} ${reason ?? ''}: ${message ?? ''}`);
    }
    for (const controllers of this.#controllers) lines.push(...controllers.lines.slice(-15));
    return lines.join('\n');
  }

  /** A pod that runs on a node, and is ready. */
  async runPod(
    suffix: string,
    name: string,
    labels: Readonly<Record<string, string>> = {},
    more: object = {},
  ): Promise<void> {
    const pod = {
      metadata: { name, namespace: this.cluster.namespace, labels, ...more },
      spec: {
        nodeName: `${this.cluster.name}-${suffix}`,
        terminationGracePeriodSeconds: 30,
        containers: [{ name: 'c', image: 'registry.example.com/app:1' }],
      },
    };
    await insist(() => this.cluster.kube.create(PODS, pod as Pod));
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    };
    await insist(() => this.cluster.patch(PODS, name, { status }, 'status'));
  }

  async hasPod(name: string): Promise<boolean> {
    return (await insist(() => this.cluster.find(PODS, name))) !== undefined;
  }

  /** Pods of these names stay Terminating, as without a kubelet. */
  hold(...names: readonly string[]): void {
    this.#isHolding = new Set(names);
  }

  /** Lets hosts know what the builds so far have made. */
  async learn(): Promise<void> {
    const { items } = await insist(() => this.cluster.kube.list(OS_BUILDS));
    for (const { spec, status } of items) {
      const image = status?.digestedImagePushSpec ?? '';
      const digest = image.slice(image.indexOf('sha256:'));
      if (image === '' || this.#images.some((known) => known.digest === digest)) continue;
      const [base] = this.#images;
      assert.ok(base !== undefined);
      this.#images.push({
        digest,
        image,
        config: spec.machineConfig.name,
        base: base.image,
        kernelArguments: [],
        behaviour: 'boots',
      });
    }
  }

  /** A node is about to reboot. */
  async judgeReboot(name: string): Promise<void> {
    const { metadata, spec } = await insist(() => this.cluster.get(NODES, name));
    const { annotations = {} } = metadata;
    const asked = `drain-${annotations[DESIRED_CONFIG_ANNOTATION] ?? ''}`;
    if (annotations[DESIRED_DRAIN_ANNOTATION] !== asked)
      this.violations.push(
        `${name} reboots and has asked for ${annotations[DESIRED_DRAIN_ANNOTATION] ?? ''}`,
      );
    if (annotations[LAST_APPLIED_DRAIN_ANNOTATION] !== asked || spec?.unschedulable !== true)
      this.violations.push(`${name} reboots undrained`);
  }

  /** Counts the nodes that are cordoned for an update, and sees that no person's cordon is lifted. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const follow = { signal, timeoutSeconds: 600, sendInitialEvents: true };
        for await (const event of this.cluster.kube.watch(NODES, follow)) {
          if (event.type === 'BOOKMARK') continue;
          const { metadata, spec } = event.object;
          const isAway =
            event.type !== 'DELETED' &&
            spec?.unschedulable === true &&
            metadata.annotations?.[CORDON_ANNOTATION] !== undefined;
          if (isAway) this.away.add(metadata.name);
          else this.away.delete(metadata.name);
          this.mostAway = Math.max(this.mostAway, this.away.size);
          const suffix = metadata.name.slice(this.cluster.name.length + 1);
          if (event.type === 'MODIFIED' && this.persons.has(suffix) && spec?.unschedulable !== true)
            this.#lifted.set(suffix, metadata.resourceVersion ?? '');
          else this.#lifted.delete(suffix);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isKubeError(error)) throw error;
      }
    }
  }

  /** Nodes whose cordon a person had made and somebody else has lifted. */
  get lifted(): readonly string[] {
    return [...this.#lifted.keys()].filter((suffix) => this.persons.has(suffix));
  }

  async #endPods(signal: AbortSignal): Promise<void> {
    const { kube, namespace } = this.cluster;
    while (!signal.aborted) {
      try {
        const { items } = await kube.list(PODS, { namespace, signal });
        for (const { metadata } of items) {
          if (metadata.deletionTimestamp === undefined || this.#isHolding.has(metadata.name ?? '')) continue;
          await end(kube, metadata);
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
      } catch {
        // The API server is away.
      }
    }
  }
}

async function end(kube: KubeClient, { namespace = '', name = '' }: KubeObject['metadata']): Promise<void> {
  try {
    await kube.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0 });
  } catch (error) {
    if (!isKubeError(error, 'not-found', 'conflict')) throw error;
  }
}
