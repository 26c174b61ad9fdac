import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { registryImages } from '../agent/index.ts';
import { OPERATOR_NAMESPACE } from '../api/index.ts';
import {
  agentsGroup,
  type ControlPlane,
  createNspawnMachine,
  createSimulatedMachine,
  type NodeMachine,
  REGISTRY_SECRET,
} from '../embedded/index.ts';
import { KubeClient, loadKubeconfig } from '../kube/index.ts';
import { openRegistry, type RegistryClient } from '../oci/index.ts';
import type { Environment } from './environment.ts';
import type { RememberedNodes } from './remembered-nodes.ts';
import { ensureNode, nodeNames, removeNode } from './up-node-objects.ts';
import { UpNode } from './up-node.ts';

export interface UpNodesOptions {
  /** Of all nodes: one folder each. */
  readonly directory: string;
  readonly nodes: RememberedNodes;
  readonly plane: ControlPlane;
  /** What an empty disk gets: `HOST/REPOSITORY@sha256:…`. */
  readonly image: string;
  readonly environment: Environment;
  readonly say: (line: string) => void;
}

/** The nodes of `varve up`. What they are is kept: each start boots what is on their disks. */
export class UpNodes {
  readonly #nodes: readonly UpNode[];
  readonly #registry: RegistryClient;

  private constructor(nodes: readonly UpNode[], registry: RegistryClient) {
    this.#nodes = nodes;
    this.#registry = registry;
  }

  /** Makes the Nodes that are missing, takes out those of machines that are not to run any more, and switches all on. */
  static async start(options: UpNodesOptions, signal: AbortSignal): Promise<UpNodes> {
    const { directory, nodes, plane, say } = options;
    const names = nodeNames(nodes.count);
    const client = new KubeClient({
      access: await loadKubeconfig([plane.kubeconfig]),
      userAgent: 'varve-up',
    });
    const registry = openRegistry();
    const opened: UpNode[] = [];
    try {
      for (const name of await machinesOf(directory)) {
        if (!names.includes(name)) await removeNode(client, name, signal);
      }
      for (const name of names) {
        await ensureNode(client, name, signal);
        opened.push(await openNode(name, options, registry));
      }
    } catch (error) {
      for (const node of opened) await node.close();
      registry.close();
      throw error;
    } finally {
      await client.close();
    }
    const all = new UpNodes(opened, registry);
    // Not waited for: a machine may be installed for a minute, and there is something to see meanwhile.
    for (const node of opened) void node.start().catch((error: unknown) => say(`warning: ${String(error)}`));
    return all;
  }

  get names(): readonly string[] {
    return this.#nodes.map(({ name }) => name);
  }

  /** Shuts all down in order. */
  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
    this.#registry.close();
  }
}

async function openNode(name: string, options: UpNodesOptions, registry: RegistryClient): Promise<UpNode> {
  const { plane, environment, say, nodes } = options;
  const directory = join(options.directory, name);
  const user = `system:node:${name}`;
  return UpNode.open({
    machine: machineOf(name, directory, options, registry),
    directory,
    kubeconfigs: {
      kubelet: await plane.kubeconfigFor(user, ['system:nodes']),
      agent: await plane.kubeconfigFor(user, ['system:nodes', agentsGroup]),
    },
    agentArguments: [
      `--pull-secret=${OPERATOR_NAMESPACE}/${REGISTRY_SECRET}`,
      ...(nodes.engine === 'simulated' ? [`--host-tool=${nodes.tool}`] : []),
    ],
    environment,
    say,
  });
}

function machineOf(
  name: string,
  directory: string,
  { nodes, image, say }: UpNodesOptions,
  registry: RegistryClient,
): NodeMachine {
  // The disk of one engine is nothing to another.
  const folder = join(directory, nodes.engine);
  // The first word of it: the rest is layer after layer.
  let isSaid = false;
  const onProgress = (): void => {
    if (!isSaid) say(`${name}: its disk is empty: installing ${image}`);
    isSaid = true;
  };
  switch (nodes.engine) {
    case 'nspawn':
      return createNspawnMachine({ name, folder, image, images: registryImages(registry), onProgress });
    case 'simulated':
      return createSimulatedMachine({ name, folder, image, onProgress });
  }
}

/** Names of the machines that were ever made there. */
async function machinesOf(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
